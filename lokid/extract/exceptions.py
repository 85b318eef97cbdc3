"""Lines that begin with an exception's class, in whatever language.

Python, JavaScript, Java, C#, Ruby and PHP all say ``Class: message``; what
stands before it (``Uncaught``, ``Caused by:``, a thread, a namespace) varies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample
from lokid.frames import base_of

_DRESS = (
    r"(?:error: (?=Uncaught )|Uncaught (?:\(in promise\) )?|Unhandled "
    r"|Caused by: |\[cause\]: |Suppressed: |Unhandled exception\. "
    r"|PHP Fatal error:\s+|Fatal error:\s+"
    r"|\[?Exception in thread (?:\"[^\"]*\"|\S+) |\(node:\d+\) )*"
)
_CLASS = re.compile(
    rf"{_DRESS}(?P<name>(?:[A-Za-z_]\w*(?:\.|::|\$|\\))*[A-Z_]\w*?"
    r"(?:Error|Exception|Interrupt|Exit|Failure|Fault|Panic|Expired|DoesNotExist"
    r"|[a-z]NotFound|[a-z]Timeout|Violation))"
    r"(?: \[(?P<code>\w+)\])?(?: \(\w+\))?(?::\s+(?P<text>\S.*)|:?\s*$)"
)
_RUBY = re.compile(
    r"(?P<file>\S+?):\d+:in [`'](?P<function>[^']*)': (?P<text>.+?) "
    r"\((?P<name>(?:[A-Z]\w*::)*[A-Z]\w*)\)$"
)
_INNER = re.compile(r"\s*(?:Caused by: |\[cause\]: |Suppressed: )")
_UP = 200
_WORDS = (
    "Error", "Exception", "Interrupt", "Exit", "Failure", "Fault", "Panic", "Expired",
    "DoesNotExist", "NotFound", "Timeout", "Violation",
)  # fmt: skip
_BULLETS = "-*\u2022 \t"


def said(name: str, text: str | None) -> str:
    """``json.decoder.JSONDecodeError: x`` reads ``JSONDecodeError: x``."""
    bare = re.split(r"[.$\\]|::", name)[-1]
    return f"{bare}: {text}" if text else bare


def exception_in(text: str) -> re.Match[str] | None:
    """The class (``name``) and the message (``text``) that a line begins with."""
    return _CLASS.match(text)


def _exception(lines: Sequence[str], at: int) -> Found | None:
    """A line that begins with an exception's class."""
    found = exception_in(lines[at].strip())
    if found is None:
        return None
    wrapped = _INNER.match(lines[at]) and _wrapped(lines, at)
    rank = SUM if wrapped else None
    text = found["text"]
    if text and text.endswith(":") and (below := _below(lines, at)):
        text = f"{text} {below}"
    return Found(said(found["name"], text), stack=True, rank=rank)


def _below(lines: Sequence[str], at: int) -> str:
    """The line that goes on where a message ends with a colon."""
    near = (line.strip(_BULLETS) for line in lines[at + 1 : at + 4])
    return next((line for line in near if line), "")


def _wrapped(lines: Sequence[str], at: int) -> bool:
    """Whether an exception with a class stands above its cause, in one stack."""
    of_node = lines[at].lstrip().startswith("[cause]: ")
    for line in reversed(lines[max(0, at - _UP) : at]):
        text = line.strip()
        if exception_in(text) and not _INNER.match(line):
            return True
        if of_node and _PLAIN.match(text):
            return True
        if not text.startswith(("at ", "...", "Caused by: ", "Suppressed: ")):
            return False
    return False


def _ruby(lines: Sequence[str], at: int) -> Found | None:
    """``cart.rb:3:in `total': no price (CartError)``."""
    found = _RUBY.match(lines[at].strip())
    if found is None:
        return None
    function = re.split(r"[#.]", found["function"].removeprefix("block in "))[-1]
    where = f"{base_of(found['file'])}:{function}"
    return Found(said(found["name"], found["text"]), (where,))


_PLAIN = re.compile(r"(?:Uncaught )?Error: (?P<said>\S.*)")
_FRAME = re.compile(r"\s+(?:at \S|\.\.\. \d+ lines)")
_CODE = re.compile(r"  code: '(?P<code>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)',?$")
_FIELDS = 40  # lines below an error in which its fields may stand


def _plain(lines: Sequence[str], at: int) -> Found | None:
    """``Error: no price``, where a stack below shows that it was thrown."""
    found = _PLAIN.match(lines[at].strip())
    if found is None or not any(map(_FRAME.match, lines[at + 1 : at + 4])):
        return None
    return Found(f"{_code_below(lines, at) or 'Error'}: {found['said']}", stack=True)


def _code_below(lines: Sequence[str], at: int) -> str | None:
    """The code among an error's own fields, in braces below its stack."""
    inside = False
    for line in lines[at + 1 : at + _FIELDS]:
        if inside and (found := _CODE.match(line)):
            return found["code"]
        if line.startswith("}") or not (inside or _FRAME.match(line)):
            return None
        inside = inside or line.endswith(" {")
    return None


EXTRACTORS = (
    Extractor(
        name="error with a stack",
        words=("Error: ",),
        find=_plain,
        samples=(
            Sample(
                "Error: no price\n    at total (/srv/shop/cart.js:3:9)",
                "Error: no price",
                "Error",
                ("cart.js:total",),
            ),
            Sample(
                "Error: self-signed certificate\n"
                "    at TLSSocket.emit (node:events:519:28)\n"
                "    at async pull (/srv/shop/src/feed.js:3:9) {\n"
                "  code: 'SELF_SIGNED_CERT_IN_CHAIN'\n"
                "}",
                "SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate",
                "SELF_SIGNED_CERT_IN_CHAIN",
                ("feed.js:pull",),
            ),
            Sample(
                "Error: no shop\n"
                "    at boot (/srv/shop/app.js:1:70)\n"
                "    ... 5 lines matching cause stack trace ...\n"
                "    at node:internal/main/run_main_module:28:49 {\n"
                "  [cause]: SyntaxError: Expected property name\n"
                "      at JSON.parse (<anonymous>)\n"
                "      at boot (/srv/shop/app.js:1:30)\n"
                "}",
                "Error: no shop",
                "Error",
                ("app.js:boot",),
            ),
        ),
    ),
    Extractor(
        name="ruby exception",
        words=(":in `", ":in '"),
        find=_ruby,
        samples=(
            Sample(
                "/srv/cart.rb:3:in `total': undefined method `sum' for nil "
                "(NoMethodError)\n\tfrom /srv/cart.rb:9:in `(main)'",
                "NoMethodError: undefined method 'sum' for nil",
                "NoMethodError",
                ("cart.rb:total",),
            ),
        ),
    ),
    Extractor(
        name="exception",
        words=_WORDS,
        find=_exception,
        samples=(
            Sample(
                "json.decoder.JSONDecodeError: Expecting value: line 1 column 1",
                "JSONDecodeError: Expecting value: line {n} column {n}",
                "JSONDecodeError",
            ),
            Sample(
                "/srv/shop/src/cart.js:12\n"
                "    return item.price.sum\n"
                "                      ^\n\n"
                "TypeError: Cannot read properties of undefined (reading 'sum')\n"
                "    at total (/srv/shop/src/cart.js:12:23)\n"
                "    at async Object.checkout (/srv/shop/src/server.js:4:9)\n"
                "    at node:internal/process/task_queues:95:5",
                "TypeError: Cannot read properties of undefined (reading 'sum')",
                "TypeError",
                ("cart.js:total", "server.js:checkout"),
            ),
            Sample(
                'Exception in thread "main" java.lang.IllegalStateException: shut\n'
                "\tat com.shop.Till.open(Till.java:7)\n"
                "\tat com.shop.Main.main(Main.java:3)\n"
                "Caused by: com.shop.NoCashException: empty\n"
                "\tat com.shop.Cash.count(Cash.java:12)\n"
                "\t... 1 more",
                "IllegalStateException: shut",
                "IllegalStateException",
                ("Till.java:open", "Main.java:main"),
            ),
            Sample(
                "StoreError: connect ECONNREFUSED 10.0.0.7:27017\n"
                "    at open (/srv/shop/till.js:3:9)",
                "StoreError: connect ECONNREFUSED {ip}",
                "StoreError",
                ("till.js:open",),
            ),
            Sample(
                "Unhandled exception. System.InvalidOperationException: shut\n"
                "   at Shop.Till.Open(Int32 n) in /srv/shop/Till.cs:line 7",
                "InvalidOperationException: shut",
                "InvalidOperationException",
                ("Till.cs:Open",),
            ),
            Sample(
                "PHP Fatal error:  Uncaught Shop\\CartError: no price in /srv/a.php:3",
                "CartError: no price in a.php:{n}",
                "CartError",
            ),
        ),
    ),
)
