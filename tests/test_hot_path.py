"""The hot path with a daemon: what it says, when it steps aside, what it costs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import hot, wire
from house import House, crash, housed
from lokid.config import Settings
from lokid.paths import Workspace
from lokid.server import PROTOCOL

PATIENT = ("--deadline", "20000")
"""For tests of anything but the deadline, on a machine that is busy."""
CHECK, FIX = "check?format=text", "fix?format=text"
ENTRY = "import sys; from lokid.__main__ import lokictl; sys.exit(lokictl())"

MAY_IMPORT = {
    "__future__",
    "_blake2",
    "_socket",
    "cli",
    "cli.hot",
    "cli.wire",
    "lokid",
    "lokid.__main__",
    "lokid.flags",
    "lokid.peer",
    "lokid.where",
}


def lokictl(workspace: Workspace, *words: str, **environ: str) -> tuple[int, str, str]:
    """Run the command: its exit code, output and complaints."""
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *words],
        cwd=workspace.root,
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def house(workspace: Workspace) -> Iterator[House]:
    """A daemon over one crash."""
    crash(workspace, "KeyError")
    with housed(workspace) as running:
        yield running


@contextmanager
def listener(
    workspace: Workspace, behave: Callable[[socket.socket], None]
) -> Iterator[None]:
    """Something on the workspace's socket that behaves like this."""
    workspace.create()
    path = workspace.state / "s"
    workspace.socket_file.write_text(f"{path}\n")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            with link:
                behave(link)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
    path.unlink()


def replying(reply: bytes, heard: list[bytes] | None = None) -> Callable[..., None]:
    """Read the question, give this answer and hang up."""

    def behave(link: socket.socket) -> None:
        question = link.recv(1 << 20)
        if heard is not None:
            heard.append(question)
        link.sendall(reply)

    return behave


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP reply of our protocol."""
    head = [f"HTTP/1.1 {status}", "x-lokid-protocol: 1", *headers]
    head.append(f"content-length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


# -- with a daemon ------------------------------------------------------------


def test_it_prints_the_block(house: House) -> None:
    """Exactly the daemon's bytes, a file closed just now included."""
    assert lokictl(house.workspace, "context", *PATIENT) == (0, "KeyError\n", "")
    crash(house.workspace, "ValueError")
    assert lokictl(house.workspace, "context", *PATIENT) == (
        0,
        "KeyError\nValueError\n",
        "",
    )


def test_it_prints_json(house: House) -> None:
    """The daemon's own object."""
    code, out, _ = lokictl(
        house.workspace, "context", "--json", *PATIENT, "--goal=a \u00e9&b"
    )
    told = msgspec.json.decode(out)
    assert (code, told["text"], told["goal"]) == (0, "KeyError", "a \u00e9&b")
    assert (told["schema"], told["as_of_seq"], told["stale"]) == (1, 1, False)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["context"], "KeyError\n"),
        (["check", "--command", "npm ci", "--file", "/a/b.py"], ""),
        (["fix", "--json", "--error", "-"], None),
    ],
)
def test_it_imports_no_more_than_its_list(
    house: House, words: list[str], shown: str | None
) -> None:
    """What a run with a daemon loads beyond a bare interpreter, exactly."""
    dump = (
        "import os, sys\n"
        "bare = set(sys.modules)\n"
        "def leave(code):\n"
        "    os.write(2, ' '.join(sorted(set(sys.modules) - bare)).encode())\n"
        "    os.kill(os.getpid(), 9)\n"
        "os._exit = leave\n"
        f"sys.argv = {['lokictl', *words, *PATIENT]!r}\n"
        "from lokid.__main__ import lokictl\n"
        "lokictl()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", dump],
        cwd=house.workspace.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )
    loaded = set(done.stderr.split())
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == shown or shown is None
    assert loaded - MAY_IMPORT == set()
    assert "cli.hot" in loaded


def test_a_reader_that_goes_away_is_no_error(house: House) -> None:
    """Like `| head -0`: nothing on standard error, exit code 0."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", ENTRY, "context", "--strict", *PATIENT],
            cwd=house.workspace.root,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_stopped_daemon_costs_the_deadline_and_says_so(house: House) -> None:
    """Nothing is printed, and it is told apart from nothing to say."""
    house.process.send_signal(signal.SIGSTOP)
    late = "no answer within 60 ms"
    words = ("context", "--deadline", "60")
    assert lokictl(house.workspace, *words) == (0, "", f"lokid: stale: {late}\n")
    assert lokictl(house.workspace, *words, "--strict")[0] == 69
    code, out, complaint = lokictl(house.workspace, *words, "--json")
    told = msgspec.json.decode(out)
    assert (code, told["text"], complaint) == (0, "", "")
    assert (told["stale"], told["reason"]) == (True, late)


# -- what it asks, and what it makes of replies --------------------------------


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["context"], "context?format=text"),
        (["context", "--json"], "context?"),
        (["context", "--goal", "a b"], "context?format=text&goal=a%20b"),
        (["context", "--goal=a=b"], "context?format=text&goal=a%3Db"),
        (["context", "--goal", "--json"], "context?format=text&goal=--json"),
        (["context", "--goal="], "context?format=text&goal="),
        (["context", "--phase=ACT"], "context?format=text&phase=ACT"),
        (["context", "--iteration", "3"], "context?format=text&iteration=3"),
        (["context", "--mark", "--no-managed"], "context?format=text&mark=1&managed=0"),
        (["context", "--now", "12:30"], "context?format=text&now=12%3A30"),
        (["-C", ".", "context", "--strict"], "context?format=text"),
        (["-C.", "context"], "context?format=text"),
        (["--workspace=.", "context"], "context?format=text"),
        (["context", "--workspace", "."], "context?format=text"),
        (["check", "--command", "npm ci"], "check?format=text&command=npm%20ci"),
        (["check", "--tool=Edit", "--file", "a"], "check?format=text&tool=Edit&file=a"),
        (["check", "--json", "--session", "s"], "check?session=s"),
        (["check", "--iteration=2", "--phase=P"], f"{CHECK}&iteration=2&phase=P"),
        (["fix", "--command=a", "--exit-code=1"], f"{FIX}&command=a&exit_code=1"),
        (["fix", "--json", "--error", "a\nb"], "fix?error=a%0Ab"),
        (["fix", "--error=", "--session=s"], "fix?format=text&session=s&error="),
    ],
)  # fmt: skip
def test_both_spellings_ask_the_same(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    asked: str,
) -> None:
    """One request with what was given and the time that is left."""
    monkeypatch.chdir(workspace.root)
    heard: list[bytes] = []
    with listener(workspace, replying(answer(b""), heard)):
        assert hot.run([*words, *PATIENT], os.environ) == 0
    line, *head = heard[0].decode().split("\r\n")
    target = line.removeprefix("GET /").removesuffix(" HTTP/1.1")
    name, _, query = target.partition("?")
    left, *rest = query.split("&")
    if not any(word.startswith("--now") for word in words):
        assert "record=1" == rest.pop()
    assert asked == f"{name}?{'&'.join(rest)}"
    assert 1 <= int(left.removeprefix("deadline=")) <= int(PATIENT[1])
    assert "Connection: close" in head


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["failures"],
        ["context", "context"],
        ["context", "more"],
        ["context", "--help"],
        ["context", "--goal"],
        ["context", "--unknown"],
        ["context", "--json=1"],
        ["context", "--deadline", "0"],
        ["context", "--deadline", "soon"],
        ["context", "--deadline", "-5"],
        ["context", "--deadline", "1" * 30],
        ["context", "--iteration", "x"],
        ["--json", "context"],
        ["-C", "context"],
        ["-C", "nowhere", "context"],
        ["-C", "context", "failures"],
        ["--goal", "context", "failures"],
        ["council", "check"],
        ["-C", "check", "context", "check"],
        ["check", "npm", "ci"],
        ["check", "--goal", "a"],
        ["check", "--deadline=0"],
        ["fix", "--strict"],
        ["fix", "--error"],
        ["fix", "--exit-code", "-9"],
        ["fix", "--help"],
    ],
)
def test_what_it_does_not_know_is_left_to_click(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Nobody is asked and nothing printed."""
    monkeypatch.chdir(workspace.root)
    heard: list[bytes] = []
    with listener(workspace, replying(answer(b"x"), heard)):
        assert hot.run(words, os.environ) is None
    assert heard == []


def test_a_file_is_seen_from_the_workspace(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook gives an absolute path; one from elsewhere is known by its name."""
    link = workspace.root.parent / "link"
    link.symlink_to(workspace.root)
    monkeypatch.chdir(workspace.root)
    root = str(workspace.root)
    for option in (None, root, str(link)):
        for file in (f"{root}/src/a.py", f"{link}/src/a.py", "src/a.py", "./src/a.py"):
            assert "src/a.py" == hot.inside(file, option, {})
        assert "hosts" == hot.inside("/etc/hosts", option, {})


WHOLE = answer(b"block")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"nonsense",
        WHOLE[:-1],
        WHOLE + b"x",
        WHOLE.replace(b"content-length: 5", b"content-length: five"),
        WHOLE.replace(b"protocol: 1", b"protocol: 2"),
        WHOLE.replace(b"x-lokid-protocol", b"x-other"),
        answer(b"block", status="500 Internal Server Error"),
        answer(b"block", status="400 Bad Request"),
    ],
)
def test_no_whole_answer_of_our_protocol_is_no_answer(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    reply: bytes,
) -> None:
    """The embedded way answers instead; nothing is printed before that."""
    monkeypatch.chdir(workspace.root)
    with listener(workspace, replying(reply)):
        assert hot.run(["context", *PATIENT], os.environ) is None
    with listener(workspace, replying(reply)):
        assert hot.run(["check", *PATIENT], os.environ) == 0
    assert capfd.readouterr() == ("", "")


def test_without_a_daemon_it_steps_aside(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No word of a socket, an empty one, one on which nobody listens."""
    monkeypatch.chdir(workspace.root)
    assert hot.run(["context"], os.environ) is None
    workspace.create()
    for told in ("", "\n", "/nowhere/s\n", "x" * 200, "a\0b"):
        workspace.socket_file.write_text(told)
        assert hot.run(["context"], os.environ) is None


@pytest.mark.parametrize("name", ["check", "fix"])
def test_check_and_fix_are_silent_without_a_daemon(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """They end with 0 at once, also where the workspace is not there."""
    monkeypatch.chdir(workspace.root)
    command = ("--command", "npm ci")
    assert 0 == hot.run([name, *command], os.environ)
    assert 0 == hot.run(["-C", "nowhere", name, *command], os.environ)
    assert 0 == hot.run(["-Cnowhere", name, *command], os.environ)
    assert ("", "") == capfd.readouterr()
    assert 0 == hot.run([name, "--json", *command], os.environ)
    told = msgspec.json.decode(capfd.readouterr().out)
    assert (True, "no daemon answered") == (told["stale"], told["reason"])
    assert ("", None, []) == (told["text"], told["head"], told["lessons"])


@pytest.mark.parametrize("name", ["check", "fix"])
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--json",),
        ("--command", "npm ci", "--deadline", "5000"),
        ("--no-such-option",),
        ("more", "words"),
        ("--deadline", "never"),
        ("--workspace", "nowhere"),
        ("--json", "--"),
        ("--help",),
    ],
)
def test_check_and_fix_end_with_0_whatever_they_are_given(
    workspace: Workspace, name: str, words: tuple[str, ...]
) -> None:
    """A hook that ends with 2 would block the agent's action."""
    assert 0 == lokictl(workspace, name, *words)[0]


def test_both_paths_of_check_say_the_same_without_a_daemon(
    workspace: Workspace,
) -> None:
    """A lone ``--`` leads past the hot path."""
    for words in (["check", "--json"], ["fix", "--json"]):
        hot_path = lokictl(workspace, *words)
        assert hot_path == lokictl(workspace, *words, "--")
        off = {"LOKI_FAILURE_MEMORY": "0"}
        hot_path = lokictl(workspace, *words, **off)
        assert hot_path == lokictl(workspace, *words, "--", **off)


def test_a_late_check_is_silent(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Nothing on either stream, 0, and said in the object for programs."""
    monkeypatch.chdir(workspace.root)

    def wait(link: socket.socket) -> None:
        while link.recv(1 << 16):
            pass

    words = ["check", "--command", "npm ci", "--deadline", "30"]
    with listener(workspace, wait):
        assert 0 == hot.run(words, os.environ)
    assert ("", "") == capfd.readouterr()
    with listener(workspace, wait):
        assert 0 == hot.run([*words, "--json"], os.environ)
    told = msgspec.json.decode(capfd.readouterr().out)
    assert (True, "no answer within 30 ms") == (told["stale"], told["reason"])


def test_an_error_is_read_from_standard_input_and_its_end_is_sent(
    workspace: Workspace,
) -> None:
    """Whatever its length and its bytes; a request's head stays small."""
    heard: list[bytes] = []
    text = b"\xff\n" * 100_000 + b"KeyError: 'a'"
    with listener(workspace, replying(answer(b"line\n"), heard)):
        done = subprocess.run(
            [sys.executable, "-c", ENTRY, "fix", "--error", "-", *PATIENT],
            cwd=workspace.root,
            input=text,
            capture_output=True,
            check=False,
        )
    assert (0, b"line\n", b"") == (done.returncode, done.stdout, done.stderr)
    sent = heard[0].decode().partition("error=")[2].partition("&")[0]
    assert 16_000 < len(sent) <= hot.ERROR_BYTES
    assert text.endswith(unquote_to_bytes(sent))


@given(st.binary(max_size=60), st.integers(0, 70))
def test_the_end_of_a_text_is_cut_between_bytes(raw: bytes, most: int) -> None:
    """Never in the midst of an encoded one, and never shorter than need be."""
    told = wire.tail_of(raw, most)
    assert len(told) <= most
    sent = unquote_to_bytes(told)
    assert raw.endswith(sent)
    assert sent == raw or len(wire.tail_of(raw, 1000)) - len(told) > 0
    assert len(told) > most - 3 or sent == raw


def test_a_stale_answer_is_printed_and_said(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The block stays as it is; the reason goes to standard error."""
    monkeypatch.chdir(workspace.root)
    stale = answer(b"block\n", "x-lokid-stale: 1", "x-lokid-reason: deadline")
    with listener(workspace, replying(stale)):
        assert hot.run(["context", *PATIENT], os.environ) == 0
    assert capfd.readouterr() == ("block\n", "lokid: stale: deadline\n")


def test_a_full_pipe_gets_all_of_it(workspace: Workspace) -> None:
    """A reader that made its pipe non-blocking and is slow loses nothing."""
    body = b"x" * 300_000
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with listener(workspace, replying(answer(body))), os.fdopen(reading, "rb") as pipe:
        running = subprocess.Popen(
            [sys.executable, "-c", ENTRY, "context", *PATIENT],
            cwd=workspace.root,
            stdout=writing,
        )
        os.close(writing)
        assert pipe.read() == body
        assert running.wait() == 0


def test_the_knob_prints_nothing(house: House) -> None:
    """LOKI_FAILURE_MEMORY=0: no output, or an empty object of the usual shape."""
    off = {"LOKI_FAILURE_MEMORY": "0"}
    assert lokictl(house.workspace, "context", **off) == (0, "", "")
    code, out, _ = lokictl(house.workspace, "context", "--json", **off)
    told = msgspec.json.decode(out)
    assert (code, told["text"], told["lines"]) == (0, "", [])
    assert (told["schema"], told["stale"], told["reason"]) == (1, False, "knob off")


def test_its_constants_are_those_of_the_others() -> None:
    """The hot path may not import them, so it repeats them."""
    assert int(wire.PROTOCOL) == PROTOCOL
    assert Settings().context_deadline_ms == hot.DEADLINES_MS["context"]


def test_a_long_goal_is_cut(house: House) -> None:
    """A goal as long as a document is no reason to step aside."""
    goal = "\u00e9" * 20_000
    _, out, _ = lokictl(house.workspace, "context", "--json", *PATIENT, "--goal", goal)
    assert msgspec.json.decode(out)["goal"] == "\u00e9" * 2048


def test_the_workspace_is_found_as_everywhere(house: House, tmp_path: Path) -> None:
    """From a folder below it, by LOKI_TARGET_DIR, by -C from elsewhere."""
    below = house.workspace.root / "src"
    below.mkdir()
    elsewhere = Workspace(root=tmp_path, state=tmp_path, id="x")
    inside = Workspace(root=below, state=tmp_path, id="x")
    root = str(house.workspace.root)
    found = [
        lokictl(inside, "context", *PATIENT),
        lokictl(elsewhere, "context", *PATIENT, LOKI_TARGET_DIR=root),
        lokictl(elsewhere, "context", "-C", root, *PATIENT),
        lokictl(elsewhere, "-C", root, "context", *PATIENT),
    ]
    assert found == [(0, "KeyError\n", "")] * 4
