"""Frames of a stack in a program's output: Python, Node, Java, Go, Rust and others.

Two readings of the same lines: the harness's own rule for its fingerprint
(any frame it recognises, first five, over the whole text), and ours for a key:
frames of our own code nearest to the raise, nearest first.  Where the harness
takes any words after ``at`` for a symbol, we ask for a name: prose that begins
with "at" is no frame.

A frame's *place* is ``file.ext:function``: the file's base name, since folders
differ from machine to machine, and the function's bare name; the file alone
where there is no function, or one without a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

ANONYMOUS = "<anonymous>"

_NEAR = 3
_REACH = 8  # lines between an error and the stack below it (a message's own)
_WORD = r"[\w$.<>#@\[\]:*-]+"
_NAME = rf"(?:(?:async|new|get|set|static) )*{_WORD}(?: \[as \S+\])?"
_IN = re.compile(
    rf'\s*(?:[|+]\s*)*(?:File "(?P<file>[^"]*)")?.*\bline \d+, in (?P<name>{_WORD})$'
)
_FILE_ONLY = re.compile(r'\s*(?:[|+]\s*)*File "(?P<file>[^"]+)", line \d+$')
_AT_CALL = re.compile(
    rf"\s+at (?P<name>{_NAME}) "
    r"\((?P<file>[^()\s]*[:/\\][^()]*|eval at .*|native|<anonymous>)\)$"
)
_AT_JAVA = re.compile(
    r"\s+at (?:[\w.-]+/)?/?(?P<name>(?:[\w$]+\.)+[\w$<>]+)"
    r"\((?P<file>\w[\w$]*\.(?:java|kt|scala|groovy)):\d+\)$"
)
_AT_PLACE = re.compile(r"\s+at (?:async )?(?P<file>\S*[/\\]\S*|\S+:\d+:\d+)$")
_AT_NAME = re.compile(rf"\s+at (?P<name>{_NAME})(?:\((?P<file>.*)\))?$")
_AT_OPEN = re.compile(rf"\s+at (?P<name>{_NAME}) \((?P<file>[^()\s]+)\) \{{$")
_AT_METHOD = re.compile(
    r"\s+at (?P<name>[\w.<>`\[\]]+)\(.*\)(?: in (?P<file>.+?):line)?"
)
_PYTEST = re.compile(r"(?P<file>\S+\.py):\d+: in (?P<name>\S+)$")
_GO_FILE = re.compile(r"\t(?P<file>\S+\.go):\d+(?: \+0x[0-9a-f]+)?$")
_GO_NAME = re.compile(
    r"(?P<name>(?:[\w./~-]+\.)?(?:\(\*?[\w\[\].]+\)\.)?[\w.\[\]]+)\(.*\)$"
)
_RUST_FILE = re.compile(r"\s+at (?P<file>\S+\.rs):\d+(?::\d+)?$")
_RUST_NAME = re.compile(r"\s+\d+: (?:0x[0-9a-f]+ - )?(?P<name>[\w:<>{}#' &]+)$")
_RUBY = re.compile(r"\s*(?:from )?(?P<file>\S+\.rb):\d+:in [`'](?P<name>[^']+)'")
_NATIVE = re.compile(
    r"\s+#\d+ (?:0x[0-9a-f]+ )?in (?P<name>[\w:~<>]+)[^/]*(?P<file>/\S+?):\d+"
)
_BELOW_ITS_NAME = ((".go:", _GO_FILE, _GO_NAME), (".rs:", _RUST_FILE, _RUST_NAME))
_FOREIGN = ((".rb:", _RUBY), ("#", _NATIVE))
_TAIL = re.compile(r"\s*\(.*\)$|\s+\+?0x[0-9a-fA-F]+$|:\d+(?::\d+)?$")
_NOT_OURS = re.compile(
    r"site-packages|dist-packages|/usr/lib/python|lib/python3\.\d+/|^<|[/\\]\.venv/"
    r"|node_modules|^node:|\(internal/|^internal/|^native$"
    r"|/go/src/|/pkg/mod/|^/rustc/|/\.cargo/registry|/rustlib/|/usr/(?:lib|include)/"
    r"|\[eval\]|/gems/|/lib/ruby/|libsanitizer|/sysdeps/"
)
_NOT_OUR_NAME = re.compile(
    r"(?:[\w.]+/+)?(?:java|javax|jdk|sun|kotlin|scala|groovy|com\.sun|junit|org\.junit"
    r"|org\.(?:gradle|apache|springframework|mockito|hamcrest|opentest4j)"
    r"|worker\.org|System|Microsoft|NUnit|Xunit)\."
)
_COMPREHENSIONS = frozenset({"<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>"})
_NO_FUNCTION = frozenset({"anonymous", "module", "toplevel"})
_DRESS = re.compile(r"^(?:(?:async|new|get|set|static) )+| \[as \S+\]$")
_HOLDERS = re.compile(
    r"^(?:Object|Module|exports|Proxy|Function|Context|Suite|Test\w*)\."
)
_CLOSURE = re.compile(r"(?:::\{\{closure\}\}|\.func\d+(?:\.\d+)*|\.\d+)+$")
_LAMBDA = re.compile(r"^lambda\$(\w+)\$\d+$")
_BRANDED = re.compile(r"<.*>|::h[0-9a-f]{16}$")


class Frame(msgspec.Struct, frozen=True):
    """One frame: the line it stands on, its symbol, its file where known.

    ``counted`` frames are the harness's; ``outermost_first`` tells Python's
    order (the raise is last) from Node's (the raise is first).
    """

    at: int
    symbol: str
    file: str
    counted: bool = False
    outermost_first: bool = False
    function: str | None = None  # where the harness's symbol is not its name

    @property
    def ours(self) -> bool:
        """Whether the frame lies in the workspace's own code."""
        if self.symbol in _COMPREHENSIONS:
            return False
        name = self.function or self.symbol
        return not (_NOT_OURS.search(self.file) or _NOT_OUR_NAME.match(name))

    @property
    def place(self) -> str:
        """``file.ext:function``, as far as they are told."""
        return place(self.file, self.symbol if self.function is None else self.function)


def place(file: str, function: str = "") -> str:
    """``file.ext:function`` of any path and symbol: base name, bare name."""
    name = base_of(file)
    bare = _function(function, name)
    return f"{name}:{bare}" if name and bare else name or bare


def base_of(file: str) -> str:
    """The base name of a path, without line and column."""
    path = re.sub(r"(?::\d+)+$|\(\d+(?:,\d+)?\)$", "", file.strip())
    return re.split(r"[/\\]", path)[-1].partition("?")[0]


def frames_of(lines: Sequence[str]) -> list[Frame]:
    """Every recognised frame, in the order of the text."""
    return list(_frames(lines))


def stack_at(
    frames: Sequence[Frame], lines: Sequence[str], error_at: int
) -> list[Frame]:
    """Up to three frames of our own code, nearest to the raise first.

    ``error_at`` is the line of the error; below 0, the last stack counts.
    """
    stack = _stack_of(frames, lines, error_at)
    ordered = stack[::-1] if stack and stack[0].outermost_first else stack
    ours = [frame for frame in ordered if frame.ours]
    if stack and not ours and (cause := _cause_below(lines, stack[-1].at)):
        return stack_at(frames, lines, cause)
    return ours[:_NEAR]


def _cause_below(lines: Sequence[str], at: int) -> int | None:
    """Where a chain goes on whose first stack has nothing of ours."""
    for number in range(at + 1, min(at + 3, len(lines))):
        if lines[number].lstrip().startswith(("Caused by: ", "[cause]: ")):
            return number
    return None


def _frames(lines: Sequence[str]) -> Iterator[Frame]:
    for at, line in enumerate(lines):
        if " in " in line and (found := _IN.match(line)):
            name, file = _cut(found["name"]), found["file"] or ""
            yield Frame(at, name, file, counted=True, outermost_first=True)
        elif ", line " in line and (found := _FILE_ONLY.match(line)):
            yield Frame(at, "", found["file"], counted=False, outermost_first=True)
        elif ".py:" in line and (found := _PYTEST.match(line)):
            name, file = found["name"], found["file"]
            yield Frame(at, name, file, counted=False, outermost_first=True)
        elif frame := _foreign(lines, at) or _at_frame(at, line):
            yield frame


def _at_frame(at: int, line: str) -> Frame | None:
    """Frames that begin with ``at``: Node's, Java's, C#'s."""
    if " at " not in line and "\tat " not in line:
        return None
    function = None
    if "/" in line and (found := _AT_JAVA.match(line)):
        name, file, function = ANONYMOUS, found["file"], found["name"]
    elif found := _AT_CALL.match(line):
        name, file = _cut(found["name"]), found["file"]
    elif found := _AT_PLACE.match(line):
        name, file = ANONYMOUS, found["file"]
    elif found := _AT_NAME.match(line):
        name, file = _cut(found["name"]), found["file"] or ""
    elif found := _AT_OPEN.match(line) or _AT_METHOD.match(line):
        return Frame(at, _cut(found["name"]), found["file"] or "")
    else:
        return None
    return Frame(at, name, file, counted=True, function=function)


def _foreign(lines: Sequence[str], at: int) -> Frame | None:
    """Frames that the harness does not know: Go's, Rust's, Ruby's, a sanitizer's."""
    line = lines[at]
    for word, file_line, name_line in _BELOW_ITS_NAME:
        found = file_line.match(line) if word in line and at else None
        named = name_line.match(lines[at - 1]) if found else None
        if found and named:
            return Frame(at, named["name"], found["file"])
    for word, shape in _FOREIGN:
        if word in line and (found := shape.match(line)):
            return Frame(at, found["name"], found["file"])
    return None


def _cut(name: str) -> str:
    """A symbol without what hangs on it: arguments, address, line and column."""
    name = name.strip()
    while (shorter := _TAIL.sub("", name)) != name and shorter:
        name = shorter
    return name


def _function(symbol: str, file: str) -> str:
    """A function's bare name, the same in each spelling of it."""
    name = _BRANDED.sub("", _DRESS.sub("", symbol.strip()))
    if symbol.strip() == "<lambda>":
        name = "lambda"
    name = _CLOSURE.sub("", _HOLDERS.sub("", name)).strip(".:")
    if file.endswith(".go"):
        name = name.split("/")[-1].partition(".")[2].translate(_NO_POINTER)
    elif file.endswith((".java", ".kt", ".scala", ".groovy", ".cs")):
        name = _LAMBDA.sub(r"\1", name.split(".")[-1])
    elif file.endswith(".rs"):
        name = "::".join(name.split("::")[1:]) or name
    return "" if name in _NO_FUNCTION else name


_NO_POINTER = str.maketrans("", "", "(*)")


def _stack_of(
    frames: Sequence[Frame], lines: Sequence[str], error_at: int
) -> list[Frame]:
    """The one stack that belongs to an error: right after it, else before it."""
    after = [frame for frame in frames if frame.at > error_at]
    if error_at >= 0 and after and _follows(after[0], lines, error_at):
        return _run(after, lines)
    before = [frame for frame in frames if error_at < 0 or frame.at < error_at]
    return _run(before[::-1], lines)[::-1]


def _follows(frame: Frame, lines: Sequence[str], error_at: int) -> bool:
    """Whether a stack stands below its error, at most its message between."""
    if frame.at == error_at + 1:
        return True
    between = lines[error_at + 1 : frame.at]
    return (
        not frame.outermost_first
        and len(between) <= _REACH
        and (frame.file.endswith(".go") or all(map(str.strip, between)))
    )


def _run(frames: Sequence[Frame], lines: Sequence[str]) -> list[Frame]:
    """Frames that stand together, source lines between them allowed."""
    run: list[Frame] = []
    for frame in frames:
        if run and not _together(run[-1], frame, lines):
            break
        run.append(frame)
    return run


def _together(one: Frame, other: Frame, lines: Sequence[str]) -> bool:
    low, high = sorted((one.at, other.at))
    between = lines[low + 1 : high]
    named = one.file.endswith(".go")
    return one.outermost_first == other.outermost_first and all(
        (line[:1].isspace() and "Traceback (most" not in line)
        or (named and _GO_NAME.match(line))
        for line in between
    )
