"""HTTP, limits of use, credentials, curl and ssh."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import CAUSE, SUM, Extractor, Found, Sample, by_pattern

_API = re.compile(r"(?:API Error:|Error:) (?P<status>[45]\d\d)\b(?P<body>.*)")
_TYPE = re.compile(r'"type":\s*"(?P<type>[a-z_]+_error)"')
_MESSAGE = re.compile(r'"message":\s*"(?P<said>[^"]+)"')
_STATUS_LINE = re.compile(
    r"(?:[<*] )?(?:HTTP(?:/[\d.]+)?"
    r"|[Ss]tatus(?: code)?)[ :=]+(?P<status>[45]\d\d)\b[: -]*"
    r"(?P<said>[A-Z][\w ]{2,40})?"
)
_REQUEST_FAILED = re.compile(
    r"(?:Error: )?(?:Request failed with status(?: code)?|HTTP error!? ?[Ss]tatus:?"
    r"|The requested URL returned error:|Server returned HTTP(?: status)?|unexpected "
    r"status(?: code)?:?|Response status:?"
    r"|failed with status(?: code)?:?) (?P<status>[45]\d\d)\b"
)
_PLAIN_STATUS = re.compile(
    r"(?:\d{4}-\S+ (?:\S+ )?)?(?:ERROR "
    r"|Error: )?(?P<status>[45]\d\d)[: -]+(?P<said>(?:Too Many Requests"
    r"|Unauthorized|Forbidden|Not Found|Bad Request|Internal Server Error|Bad Gateway"
    r"|Service Unavailable|Gateway Time-?out|Proxy Authentication Required"
    r"|Payload Too Large|Unprocessable \w+|Conflict|Method Not Allowed))\b"
)
_TOLD_STATUS = re.compile(
    r"(?P<tool>gh|hub|glab|az|gcloud): (?P<said>[^()]*?) ?\(HTTP (?P<status>[45]\d\d)\)"
)
_WGET = re.compile(r"\d{4}-\d\d-\d\d\S* (?:\S+ )?ERROR \d")
_STATUSES = (_STATUS_LINE, _REQUEST_FAILED, _PLAIN_STATUS, _TOLD_STATUS)
_LIMIT = re.compile(
    r"(?i)(?:[\w '\":{},.\[\]-]{0,90}?\b)?(?P<said>rate[_ ]limit(?:ed"
    r"|_error| exceeded| reached)"
    r"|too many requests|(?:usage|session|weekly|5-hour) limit reached"
    r"|you(?:'ve| have) (?:hit|reached) your (?:\w+ )?limit"
    r"|invalid (?:x-)?api[ -]key|authentication_error|overloaded_error"
    r"|credit balance is too low|insufficient_quota|exceeded your current quota)\b.*"
)
_CURL = re.compile(r"(?:.*[\d ])?curl: \((?P<code>\d+)\) (?P<said>.+)")
_CURL_STATUS = re.compile(r"The requested URL returned error: (?P<status>\d{3})")
_CURL_MEANS = {
    "1": "unsupported protocol",
    "3": "malformed address",
    "5": "proxy not found",
    "6": "host not found",
    "7": "could not connect to server",
    "23": "could not write",
    "28": "timed out",
    "35": "TLS handshake failed",
    "47": "too many redirects",
    "52": "empty reply from server",
    "56": "connection reset",
    "60": "certificate not trusted",
}
"""curl's numbers in words: its own differ by version and name the host."""
_SSH = re.compile(
    r"(?:ssh: )?(?P<said>(?:connect to host|Could not resolve hostname) \S+?:? .*)"
    r"|(?:(?P<who>\S+): )?(?P<denied>Permission denied \((?:publickey"
    r"|password|keyboard)[^)]*\)\.?)"
    r"|(?P<key>Host key verification failed\.)"
)
_AWS = re.compile(
    r"(?:.*: )?An error occurred \((?P<code>\w+)\) when calling the "
    r"(?P<call>\w+) operation"
    r".*?: (?P<said>.+)"
)


def _api(lines: Sequence[str], at: int) -> Found | None:
    """The provider's own refusal: status, type and message of its JSON."""
    found = _API.match(lines[at].strip())
    if found is None:
        return None
    kind, message = _TYPE.search(found["body"]), _MESSAGE.search(found["body"])
    said = [one for one in (kind and kind["type"], message and message["said"]) if one]
    told = ": ".join(said) or found["body"].strip(" -:{}")
    return Found(
        f"HTTP {found['status']}: {told}" if told else f"HTTP {found['status']}"
    )


def _status(lines: Sequence[str], at: int) -> Found | None:
    """An HTTP status that means no."""
    text = lines[at].strip()
    found = next(filter(None, (shape.match(text) for shape in _STATUSES)), None)
    if found is None:
        return None
    parts = found.groupdict()
    said, tool = parts.get("said") or "", parts.get("tool") or ""
    if _WGET.match(text):
        tool = "wget"
    said = f"{tool}: {said}" if tool else said
    return Found(
        f"HTTP {found['status']}: {said}" if said else f"HTTP {found['status']}"
    )


def _limit(lines: Sequence[str], at: int) -> Found | None:
    """A limit of use, or credentials that do not count; a body only repeats it."""
    text = lines[at].strip()
    found = _LIMIT.match(text)
    return found and Found(found["said"], rank=SUM if text.startswith("{") else None)


def _curl(lines: Sequence[str], at: int) -> Found | None:
    """Curl's complaint without the host."""
    found = _CURL.match(lines[at].strip())
    if found is None:
        return None
    if status := _CURL_STATUS.search(found["said"]):
        return Found(f"HTTP {status['status']}: curl")
    said = _CURL_MEANS.get(found["code"], found["said"])
    return Found(f"curl: code {found['code']}: {said}")


def _ssh(lines: Sequence[str], at: int) -> Found | None:
    """ssh, also on behalf of git."""
    found = _SSH.match(lines[at].strip())
    if found is None:
        return None
    tool = "git" if (found["who"] or "").startswith("git@") else "ssh"
    return Found(f"{tool}: {found['said'] or found['denied'] or found['key']}")


EXTRACTORS = (
    Extractor(
        name="provider's refusal",
        words=("API Error: ", "Error: 4", "Error: 5"),
        find=_api,
        samples=(
            Sample(
                'API Error: 429 {"type":"error","error":{"type":"rate_limit_error",'
                '"message":"too many tokens"}}',
                "HTTP 429: rate_limit_error: too many tokens",
                "HTTP 429",
            ),
        ),
    ),
    Extractor(
        name="curl",
        words=("curl: (",),
        find=_curl,
        samples=(
            Sample(
                "curl: (7) Failed to connect to localhost port 8080 after 0 ms: "
                "Couldn't connect to server",
                "curl: code 7: could not connect to server",
                "curl 7",
            ),
            Sample(
                "curl: (22) The requested URL returned error: 404",
                "HTTP 404: curl",
                "HTTP 404",
            ),
            Sample(
                "curl: (6) Could not resolve host: till.example.org",
                "curl: code 6: host not found",
                "curl 6",
            ),
        ),
    ),
    Extractor(
        name="http status",
        words=(
            "HTTP",
            "tatus",
            " returned error: ",
            "Too Many",
            "Unauthorized",
            "Forbidden",
            "Not Found",
            "Bad Request",
            "Internal Server",
            "Bad Gateway",
            "Unavailable",
            "Gateway Time",
            "Proxy Auth",
            "Too Large",
            "Unprocessable",
            "Not Allowed",
        ),
        find=_status,
        samples=(
            Sample(
                "HTTP/1.1 503 Service Unavailable",
                "HTTP 503: Service Unavailable",
                "HTTP 503",
            ),
            Sample(
                "Error: Request failed with status code 404", "HTTP 404", "HTTP 404"
            ),
            Sample("429 Too Many Requests", "HTTP 429: Too Many Requests", "HTTP 429"),
        ),
    ),
    Extractor(
        name="limits and credentials",
        words=(
            "imit",
            "equests",
            "nvalid",
            "auth",
            "verloaded",
            "401 ",
            "quota",
            "redit balance",
            "API",
        ),
        find=_limit,
        samples=(
            Sample(
                "Claude usage limit reached|1764000000",
                "usage limit reached",
                "rate limit",
            ),
            Sample("Error: invalid x-api-key", "invalid x-api-key", "unauthorized"),
        ),
    ),
    Extractor(
        name="ssh",
        words=("connect to host", "resolve hostname", "ermission denied (", "Host key"),
        find=_ssh,
        rank=CAUSE,
        samples=(
            Sample(
                "git@host.example.org: Permission denied (publickey).",
                "git: Permission denied (publickey).",
                "git error",
            ),
        ),
    ),
    Extractor(
        name="aws",
        words=("An error occurred (",),
        find=by_pattern(_AWS.pattern, "{code}: {call}: {said}"),
        rank=SUM,
        samples=(
            Sample(
                "An error occurred (NoSuchBucket) when calling the GetObject "
                "operation: "
                "The specified bucket does not exist",
                "NoSuchBucket: GetObject: The specified bucket does not exist",
                "NoSuchBucket",
            ),
        ),
    ),
)
