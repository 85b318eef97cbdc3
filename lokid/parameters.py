"""What in a line of text is a parameter of the failure, not its cause.

`parameterise` replaces private and volatile parts by placeholders in curly
brackets: ``{path} {url} {email} {ip} {host} {uuid} {hash} {date} {time}
{duration} {addr} {n}``, and ``{str}`` for what only a quote holds together.
What names the cause stays: codes glued to letters (``E0382``), numbers right
after words such as ``exit code`` or ``HTTP``, short quoted names.

It is one scan from left to right; where several rules fit, the first in the
table wins.  Secrets are not its matter (``secret_shapes.py`` comes before).
"""

from __future__ import annotations

import re
from http import HTTPStatus

_HEX4 = r"[0-9A-Fa-f]{1,4}"
_OCTETS = r"\d{1,3}(?:\.\d{1,3}){3}"
_DAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?:\s?[AP]M\b)?"
_ZONE = r"(?:Z\b|\s?[+-]\d\d:?\d\d\b|\s(?:UTC|GMT|[A-Z]{3,4}T)\b)?"
_UNIT = r"(?:ms|us|ns|\u03bcs|s|secs?|m|mins?|h|hrs?|hours?|days?)"
_SLOW_UNIT = r"(?:milliseconds?|seconds?|minutes?|secs?|mins?|hours?|days?|ms|s)"

# A path's component is made of these, and begins where no other word does.
_IN_NAME = r"""[^\s'"()\[\],;:|=/\\]"""
_BEGINS = r"""(?<![^\s'"()\[\],;:|=])"""
_PLACE = r"(?:(?::\d+(?!\w)){1,2}|\(\d+,\d+\))?"  # :line:column, (line,column)

# `app.py:12` is a file and a line, no host and a port.
EXTENSIONS = (
    "py|pyi|js|jsx|ts|tsx|mjs|cjs|go|rs|c|h|cc|cpp|hpp|java|kt|rb|php|sh|bash|json"
    "|yaml|yml|toml|md|txt|html|css|scss|sql|lock|cfg|ini|xml|vue|svelte|swift"
    "|scala|ex|exs|erl|hs|ml|lua|pl|cs|fs|dart|zig|nim|proto|so|log|conf|mk|tf"
)


def _rule(name: str, *alternatives: str) -> str:
    """A named part of the one scan; ``keep...`` names what stays as it is."""
    return f"(?P<{name}>{'|'.join(alternatives)})"


_SPEC = _rule(
    "keep_spec",
    r"(?<![\w.@/-])(?:@[a-z0-9][\w.-]{0,40}/)?[A-Za-z][\w.-]{0,60}(?:@|==|~=|>=|<=|!=)"
    r"[\"']?(?:\*|(?:[\^~v]|[<>=]=? ?)?\d+(?:\.(?:\d+"
    r"|[x*])){0,2}(?:-[a-z]+[\d.]*)?)[\"']?"
    r"(?![\w@]|\.[\w])",
)
"""A package with its version: the cause, where a package manager speaks."""

_PACKAGES_SPEAK = re.compile(
    r"(?:npm|pnpm|yarn|bun|pip|uv|poetry|cargo|go|gem|bundler|mvn|gradle|composer"
    r"|apt|E[A-Z]{4,20}|E40\d|ERR_PNPM_\w+|YN\d{4}|ResolutionImpossible): "
)

_HYPHENED = _rule(
    "keep_name", r"(?<![\w./@-])[A-Za-z]\w+(?:-[A-Za-z]\w*)*-\d+(?![\w./@:-])"
)
"""A package whose name ends in a number."""

_DIAGNOSED = re.compile(
    r"(?:compile error|link error|rustc|go build|mypy|pyright|eslint"
    r"|TS\d+|CS\d+|E\d{4}): "
)
"""In a compiler's words what is quoted is a name, a type or a token.

Between double quotes it may be a user's string as well: words stay out.
"""

_RULES = (
    _rule(
        "url",
        r"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://"
        r"[^\s'\"()\[\]]*[^\s'\"()\[\].,;:]",
        r"\b[\w.-]+@[\w.-]+:[\w./~{}+-]+/[\w./~{}+-]+",
        r"\bwww\.[^\s'\"()\[\],;]+",
    ),
    _rule(
        "email",
        r"(?<![\w.%+-])[\w.%+-]+@"
        r"(?:[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}|localhost\b)",
        # a login and a host; what follows a package's @ is a version or a tag
        r"(?<![\w.%+-])[\w.%+-]+@(?!(?:latest|next|beta|alpha|canary|rc)\b)"
        r"[A-Za-z][\w-]+(?![\w./@{-])",
    ),
    _rule("keep_http", r"\bHTTP/\d(?:\.\d)?(?![\w/])(?:\s\d{3}\b)?"),
    _rule(
        "keep_code",
        r"(?i:\b(?:exit(?:ed)?(?: with)?(?: code| status)?|status(?: code)?"
        r"|code|HTTP|errno|signal|rc)[\s:=#(]{1,3}|\bAPI Error: |\bError )"
        r"-?\d{1,10}(?!\w|[.:]\w)",
        r"\b[A-Z]{2,10}-\d{3,6}\b",
        r"\b[45]\d\d(?= (?:[A-Z][a-z]+|\{))",
    ),
    _rule(
        "keep_words",
        r"(?i:\b(?:I/O|N/A|and/or|input/output|TCP/IP|read/write))(?![\w/])",
    ),
    _rule(
        "date",
        rf"\b\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?{_ZONE})?"
        r"(?!\w)",
        r"\b\d{4}/\d\d/\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?(?![\w/])",
        r"\b20\d{6}T\d{6}Z?(?!\w)",
        rf"\b{_DAY}{_MONTH} +\d{{1,2}}(?: {_CLOCK})?{_ZONE}(?:,? \d{{4}})?"
        r"(?!\w)",
        rf"\b{_DAY}\d{{1,2}} {_MONTH} \d{{4}}(?: {_CLOCK})?{_ZONE}(?!\w)",
    ),
    _rule(
        "time",
        rf"(?<![\w:.}}])(?:{_CLOCK}|\d{{1,2}}:\d\d\s?[AaPp][Mm]\b){_ZONE}"
        r"(?!\w)",
    ),
    _rule("addr", r"\b0x[0-9A-Fa-f]+", r"\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b"),
    _rule(
        "uuid",
        r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])",
    ),
    _rule(
        "ip",
        rf"(?<!\d)(?<!\d\.){_OCTETS}(?!\.?\d)"
        r"(?:/\d{1,2}(?!\d))?(?::\d{1,5}(?!\d))?",
        rf"\[?(?<![\w.])(?:(?:{_HEX4}:){{7}}{_HEX4}"
        rf"|{_HEX4}(?::{_HEX4}){{2,6}}::"
        rf"|(?=[\w:.]*\d){_HEX4}(?::{_HEX4}){{0,6}}::"
        rf"(?:{_HEX4}(?::{_HEX4}){{0,6}})?(?::{_OCTETS})?"
        rf"|::(?:ffff:)?{_OCTETS}|::{_HEX4}(?::{_HEX4}){{0,6}})"
        r"(?!\w|:\w)(?:%\w+)?(?:\](?::\d{1,5})?)?(?:/\d{1,3})?",
    ),
    _rule("share", r"(?<![\w/.])\d+/\d+(?![\w/.])"),
    _rule("keep_share", r"\{n\}/\{n\}(?![\w/])"),
    _rule(
        "path",
        r"[^\s'\"]*%(?:2[Ff]|40)[^\s'\"]*",
        rf"(?<![A-Za-z0-9])[A-Za-z]:[\\/](?:{_IN_NAME}|[\\/])*",
        rf"\\\\(?:{_IN_NAME}|[\\/])+",
        rf"~[\w-]*/(?:{_IN_NAME}|/)*",
        rf"(?:/|{_BEGINS}{_IN_NAME}+/)(?:{_IN_NAME}|/)+{_PLACE}",
        rf"{_BEGINS}{_IN_NAME}+/",
        r"(?<![\w.$-])[\w.$-]+(?:\\[\w.$-]+)+",
        r"(?:\\[\w.$-]+){2,}",
    ),
    _rule("keep_placeholder", r"\{[a-z]+\}"),
    _rule(
        "host",
        rf"\b(?:[\w-]+\.)+(?!(?:{EXTENSIONS})\b)[A-Za-z]{{2,}}:\d{{2,5}}(?!\w)",
        r"\blocalhost:\d{2,5}(?!\w)",
        r"\b(?:[\w-]+\.)+(?:com|org|net|edu|gov)(?![\w.-])",
        r"\b(?:[\w-]+\.){2,}(?:internal|local|lan|corp|intranet|io|dev|cloud)"
        r"(?![\w.-])",
    ),
    _rule(
        "duration",
        rf"(?<![\w.{{-])(?:\d+(?:\.\d+)?{_UNIT})+\b(?![-.]\w)",
        rf"(?<![\w.{{-])\d+(?:\.\d+)?\s{_SLOW_UNIT}\b",
    ),
    _rule(
        "hash",
        r"\b(?=[0-9A-Fa-f]*[A-Fa-f])(?:(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{7,}"
        r"|[0-9A-Fa-f]{16,})\b",
        r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32,}(?![0-9A-Za-z])",
        r"(?<=_)(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{8,}(?![0-9A-Za-z])",
    ),
    _rule(
        "n",
        r"(?<![\w.$])[-+]?\d+(?:[.,]\d+)*"
        r"(?=(?:[KMGT]i?)?B\b|px\b|k\b|x\b|(?!\w))(?!\.\w*[A-Za-z])",
    ),
    _rule("quoted", r"(?<!\w)'[^']*'(?!\w)", r"(?<!\w)\"[^\"]*\"(?!\w)"),
)
_SCAN = re.compile("|".join(_RULES))
_SCAN_DIAGNOSED = re.compile("|".join((*_RULES, "(?P<diagnosed>$^)")))
_SCAN_PACKAGES = re.compile("|".join((_SPEC, _HYPHENED, *_RULES)))

_IN_QUOTED_NAME = r"[\w$@.:+#?!*&(){}\[\]^~-]"
_QUOTED_NAME = re.compile(
    rf"{_IN_QUOTED_NAME}{{1,60}}(?: [|&] {_IN_QUOTED_NAME}{{1,40}}){{0,4}}"
    r"|[;,=%|+*&!^~-]{1,3}"
)
_QUOTED_TYPE = re.compile(r"[^\s\"]+(?:,? \|? ?[^\s\"]*[\[\](){},|*&][^\s\"]*)*")
_STATUS_LINES = frozenset(
    f"{one.value} {phrase}"
    for one in HTTPStatus
    for phrase in (one.phrase, one.phrase.title(), one.phrase.replace("-", " "))
) | {"422 Unprocessable Content", "413 Content Too Large"}
"""What a server answered is a cause, in quotes as well (RFC 9110's own words)."""
_NAME_LIMIT = 80
_PATH_HEAD = re.compile(r"[/~]|\.{1,2}/|[A-Za-z]:[\\/]")
_SCOPED_PACKAGE = re.compile(r"@[a-z0-9][\w.-]{0,40}/[a-z0-9][\w.-]{0,60}")
_ALREADY = re.compile(r"\{[a-z]+\}")


def parameterise(text: str) -> str:
    """A line with its private and volatile parts replaced by placeholders."""
    scan = _SCAN
    if _PACKAGES_SPEAK.match(text):
        scan = _SCAN_PACKAGES
    elif _DIAGNOSED.match(text):
        scan = _SCAN_DIAGNOSED
    return scan.sub(_placeholder, text)


def _placeholder(found: re.Match[str]) -> str:
    name = found.lastgroup or ""
    if name.startswith("keep"):
        return found[0]
    if name == "quoted":
        return _quoted(found[0], found.re)
    return "{n}/{n}" if name == "share" else "{" + name + "}"


def _quoted(text: str, scan: re.Pattern[str]) -> str:
    """A quoted name stays; anything else in quotes is known by its kind only."""
    mark, inner = text[0], text[1:-1]
    if not inner or inner in _STATUS_LINES or _SCOPED_PACKAGE.fullmatch(inner):
        return text
    if "{token}" in inner:
        return f"{mark}{{token}}{mark}"
    scanned = scan.sub(_placeholder, inner)
    named = bool(_QUOTED_NAME.fullmatch(inner))
    if scan is _SCAN_DIAGNOSED:
        named = named or mark == "'" or bool(_QUOTED_TYPE.fullmatch(inner))
    short = named and len(scanned) <= _NAME_LIMIT
    if short or _ALREADY.fullmatch(scanned):
        return mark + scanned + mark
    return mark + ("{path}" if _PATH_HEAD.match(inner) else "{str}") + mark
