"""The reviewed table of secret shapes, each with a sample beside it.

A shape is a public fact about how a service writes its keys.  `hide` replaces
whatever has one by ``{token}``; `holds_secret` says whether a word has one.
What no table can name is caught by its form: a run of 20 or more letters and
digits without word-like pieces.

Samples are put together when asked for, so that this file holds no secret
shape itself.  It promises nothing about secrets that look like plain words.
"""

from __future__ import annotations

import re

import msgspec

TOKEN = "{token}"  # noqa: S105  the placeholder, not a secret

_START = r"(?<![A-Za-z])"
_LONG_RUN = 20
_WORDLIKE = 4  # mean letters of a piece: getUser2Name reads, x7Kp2Qa does not
_WORDLIKE_JOINED = 3


class Shape(msgspec.Struct, frozen=True):
    """One shape: its name, how to find it, and a sample in two halves.

    The pattern's group ``keep``, where there is one, is not secret and stays.
    ``sign`` stands in every text that matches: one without it need not be searched.
    """

    name: str
    pattern: re.Pattern[str]
    head: str
    tail: str
    sign: str = ""

    @property
    def sample(self) -> str:
        """A made-up secret of this shape."""
        return self.head + self.tail


def _shape(name: str, pattern: str, head: str, tail: str, sign: str = "") -> Shape:
    return Shape(name, re.compile(pattern), head, tail, sign)


_MIXED = "q7Wx2Lp9Rt4Zk8Vb3Nm6Yc1Hd5Fg0Js2Ka4Mi"  # letters and digits, 38
_HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
_UPPER = "Q7WX2LP9RT4ZK8VB3NM6"

_STRONG = (
    r"(?:password|passwd|passphrase|pwd|secret|api[_-]?key|apikey"
    r"|private[_-]?key|access[_-]?key|[_-]pass)"
)
_WEAK = r"(?:token|auth|credentials?|session[_-]?id)"
_VALUE = r"""(?:"[^"{}]+"|'[^'{}]+'|[^\s"'{},;&()]+)"""
_UNPLAIN = r"(?=[^\s]*[\d=/+])[^\s\"'{},;&()]{6,}"

SHAPES: tuple[Shape, ...] = (
    _shape(
        "private key",
        r"-----BEGIN[A-Z0-9 ]*KEY-----.*?(?:-----END[A-Z0-9 ]*-----|$)",
        "-----BEGIN RSA PRIV",
        "ATE KEY-----",
        "-----BEGIN",
    ),
    _shape(
        "basic-auth address",
        r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s/:@{}]*:[^\s/@{}]+@[^\s\"'{}]*",
        "https://ann:",
        "pa55word@db.example.org/x",
        "://",
    ),
    _shape(
        "authorization header",
        r"(?i)(?P<keep>\bauthorization\"?\s*[:=]\s*)[\"']?[^\s\"'{}]+(?:\s+[^\s\"'{}]+)?",
        "Authorization: Dig",
        "est " + _MIXED,
    ),
    _shape(
        "bearer",
        r"(?i)(?P<keep>\b(?:bearer|basic)\s+)"
        r"(?!auth|cred|func|exam|lang|info|usage|vali|test)[\w.~+/=-]{8,}",
        "Bearer ",
        _MIXED[:24],
    ),
    _shape(
        "assignment",
        rf"(?i)(?P<keep>{_STRONG}[\w-]{{0,20}}[\"']?\s{{0,2}}[=:]\s{{0,2}})"
        rf"{_VALUE}",
        "DB_PASS",
        "WORD=hunter2",
    ),
    _shape(
        "weak assignment",
        rf"(?i)(?P<keep>{_WEAK}[\"']?(?:=|[\"']?\s{{0,2}}[=:]\s{{1,2}}"
        rf"(?={_UNPLAIN})))[\"']?[^\s\"'{{}},;&()]+",
        "access_tok",
        "en=abc123",
    ),
    _shape(
        "tag",  # its brackets may be round by now (``scrub.py``)
        rf"(?i)(?P<keep>[<(][\w:-]{{0,20}}{_STRONG}[\w-]{{0,20}}[>)]\s{{0,2}})"
        r"[^<>(){}\s][^<>(){}]*(?=[<(]/)",
        "<db-pass",
        "word>hunter2</db-password>",
    ),
    _shape(
        "named value",
        rf"(?i)(?P<keep>(?:name|key|id)=[\"'][\w.-]{{0,20}}{_STRONG}[\w-]{{0,20}}[\"']"
        rf"\s{{1,2}}value=){_VALUE}",
        "key='DbPass",
        "word' value='hunter2'",
    ),
    _shape(
        "option",
        rf"(?i)(?P<keep>--(?:{_STRONG}|{_WEAK})[\s=]\s{{0,2}}){_VALUE}",
        "--api-",
        "key s3cr3tv4lue",
    ),
    _shape(
        "aws",
        _START + r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{12,}",
        "AKIA",
        _UPPER[:16],
    ),
    _shape("github", _START + r"gh[pousr]_[A-Za-z0-9]{16,}", "ghp_", _MIXED[:36], "gh"),
    _shape(
        "github fine",
        _START + r"github_pat_\w{16,}",
        "github_pat_",
        _MIXED[:36],
        "github_pat_",
    ),
    _shape("gitlab", _START + r"gl[a-z]{2,5}-[\w.-]{16,}", "glpat-", _MIXED[:20], "gl"),
    _shape(
        "anthropic",
        _START + r"sk-ant-[\w-]{8,}",
        "sk-ant-",
        "api03-" + _MIXED,
        "sk-ant-",
    ),
    _shape("openai", _START + r"sk-[\w-]{16,}", "sk-", "proj-" + _MIXED, "sk-"),
    _shape(
        "slack", _START + r"xox[a-z]-[\w-]{8,}", "xoxb-", "1234567890-" + _MIXED, "xox"
    ),
    _shape("slack app", _START + r"xapp-[\w-]{8,}", "xapp-", "1-" + _MIXED, "xapp-"),
    _shape("google key", _START + r"AIza[\w-]{16,}", "AIza", _MIXED[:35], "AIza"),
    _shape("google login", _START + r"ya29\.[\w-]{8,}", "ya29.", _MIXED, "ya29."),
    _shape(
        "google client", _START + r"GOCSPX-[\w-]{8,}", "GOCSPX-", _MIXED[:28], "GOCSPX-"
    ),
    _shape(
        "web token",
        _START + r"eyJ[\w-]{8,}(?:\.[\w-]*){0,2}",
        "eyJ",
        "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + _MIXED,
        "eyJ",
    ),
    _shape("npm", _START + r"npm_[A-Za-z0-9]{16,}", "npm_", _MIXED[:36], "npm_"),
    _shape(
        "pypi",
        _START + r"pypi-[\w-]{16,}",
        "pypi-",
        "AgEIcHlwaS5vcmc" + _MIXED,
        "pypi-",
    ),
    _shape("hugging face", _START + r"hf_[A-Za-z0-9]{16,}", "hf_", _MIXED[:34], "hf_"),
    _shape(
        "sendgrid", _START + r"SG\.[\w-]{8,}(?:\.[\w-]+)?", "SG.", _MIXED[:22], "SG."
    ),
    _shape(
        "stripe",
        _START + r"(?:[srp]k_(?:live|test)|whsec)_[A-Za-z0-9]{8,}",
        "sk_live_",
        _MIXED[:24],
    ),
    _shape(
        "stripe limited",
        _START + r"rk_live_\w{8,}",
        "rk_live_",
        _MIXED[:24],
        "rk_live_",
    ),
    _shape("twilio", _START + r"(?:AC|SK)[0-9a-f]{32}", "SK", _HEX),
    _shape(
        "digital ocean",
        _START + r"do[opr]_v1_[0-9a-f]{32,}",
        "dop_v1_",
        _HEX * 2,
        "_v1_",
    ),
    _shape(
        "docker", _START + r"dckr_[a-z]{3}_[\w-]{8,}", "dckr_pat_", _MIXED[:27], "dckr_"
    ),
    _shape("vault", _START + r"hv[sbr]\.[\w-]{16,}", "hvs.", _MIXED, "hv"),
    _shape("shopify", _START + r"shp[a-z]{2}_[0-9a-f]{16,}", "shpat_", _HEX, "shp"),
    _shape("telegram", r"(?<!\d)\d{8,10}:[\w-]{32,}", "123456789:", "AA" + _MIXED, ":"),
    _shape("mailchimp", r"[0-9a-f]{32}-us\d{1,2}", _HEX, "-us12", "-us"),
    _shape(
        "age", r"AGE-SECRET-KEY-1\w+", "AGE-SECRET-KEY-1", _UPPER, "AGE-SECRET-KEY-1"
    ),
)

_RUN = re.compile(rf"[A-Za-z0-9]{{{_LONG_RUN},}}")
_JOINED = re.compile(r"(?<![\w{+=-])[A-Za-z0-9][\w+=-]{31,}")
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_DIGIT = re.compile(r"\d")
_SEPARATOR = re.compile(r"[-_+=]+")
_HEX_RUN = re.compile(r"[0-9a-fA-F]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def hide(text: str) -> str:
    """The text with every secret shape replaced by ``{token}``."""
    for shape in SHAPES:
        if shape.sign in text:
            text = shape.pattern.sub(_replace, text)
    return _JOINED.sub(_joined, _RUN.sub(_run, text))


def holds_secret(word: str) -> bool:
    """Whether any part of the text has a secret shape."""
    return hide(word) != word


def _replace(found: re.Match[str]) -> str:
    kept: str | None = found.groupdict().get("keep")
    return (kept or "") + TOKEN


def _run(found: re.Match[str]) -> str:
    text = found[0]
    if text.isdigit() or _HEX_RUN.fullmatch(text):
        return text  # a number or a digest, which are no secrets but volatile
    return TOKEN if _mean_piece(text) < _WORDLIKE else text


def _joined(found: re.Match[str]) -> str:
    text = found[0]
    if _UUID.fullmatch(text) or not _DIGIT.search(text):
        return text
    odd = [part for part in _SEPARATOR.split(text) if not _HEX_RUN.fullmatch(part)]
    rest = "-".join(odd)
    if len(rest) < _LONG_RUN or not _DIGIT.search(rest):
        return text
    return TOKEN if _mean_piece(rest) < _WORDLIKE_JOINED else text


def _mean_piece(text: str) -> float:
    pieces = _PIECE.findall(text)
    return sum(map(len, pieces)) / len(pieces)
