"""`lokictl`: the group of its commands, and what an error looks like.

Every error is one line and a hint on standard error (with ``--json`` a problem
object), and an exit code: 0 fine, 2 usage or settings, 3 log damaged, 69 a
daemon was demanded but is not there, 73 another writer, 74 input or output,
75 disk full, 130 interrupted.  A reader that goes away early (``| head``) is no
error.  A traceback is printed only with ``LOKID_DEBUG=1``.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence

import click

from cli import render
from cli.backup import backup, restore
from cli.check import check
from cli.compact import compact
from cli.config import config
from cli.context import context
from cli.council import council
from cli.daemon import down, foreground, up
from cli.demo import demo
from cli.doctor import doctor
from cli.events import events
from cli.explain import explain
from cli.failures import failures
from cli.fix import fix
from cli.importing import importing
from cli.iterations import iterations
from cli.lessons import lessons
from cli.log import log, verify
from cli.managed import managed
from cli.mcp_server import mcp
from cli.options import HELP_NAMES, Top, workspace_option
from cli.redaction import redact
from cli.replay import replay
from cli.review import review
from cli.simulate import simulate
from cli.status import status
from cli.upkeep import repair
from cli.verbs import VERBS
from lokid import __version__, flags
from lokid.errors import IllegalFlags, LokidError, StorageError, in_words

INTERRUPTED = 130
SILENT = frozenset({"check", "fix"})
"""Commands that end with 0 whatever happens: 2 would block an agent's action."""
COMMANDS: tuple[click.Command, ...] = (
    context,
    check,
    fix,
    failures,
    lessons,
    *VERBS,
    council,
    iterations,
    explain,
    events,
    status,
    doctor,
    log,
    verify,
    managed,
    mcp,
    review,
    importing,
    up,
    down,
    demo,
    simulate,
    replay,
    config,
)


@click.group("lokictl", cls=Top, context_settings=HELP_NAMES)
@click.version_option(__version__, prog_name="lokictl")
@workspace_option
def main() -> None:
    """Ask the failure memory of a workspace in which a coding agent loops."""


main.examples = (
    "lokictl up                        # watch this workspace from now on",
    "lokictl context                   # what the next prompt should know",
    "lokictl -C ~/app failures --all   # every failure of another workspace",
    "lokictl demo                      # see it work on a simulated run",
)
main.aliases = {"anti-patterns": "lessons"}
for _below in (repair, redact, backup, restore, compact):
    log.add_command(_below)
for _command in COMMANDS:
    main.add_command(_command)


def lokictl(argv: Sequence[str] | None = None) -> int:
    """Run `lokictl` with these arguments (else the process's); its exit code."""
    return _run(main, "lokictl", argv)


def lokid_command(argv: Sequence[str] | None = None) -> int:
    """Run `lokid`, the daemon in the foreground; its exit code."""
    return _run(foreground, "lokid", argv)


def _run(top: click.Command, name: str, argv: Sequence[str] | None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    complain = _complainer(name, as_json="--json" in arguments)
    try:
        if _is_refused(name, arguments):
            return 0
        code = _invoke(top, name, arguments)
        _flush()
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        render.give_up_output()
        return 0
    except Exception as error:  # noqa: BLE001  the last line of defence
        if isinstance(error, OSError):
            render.give_up_output()  # what a failed flush left would fail again at exit
        return _failed(error, complain)
    return code if isinstance(code, int) else 0


def _is_refused(name: str, arguments: Sequence[str]) -> bool:
    """Whether illegal flags end a command in silence; all others they end with 2.

    Raises IllegalFlags.  Only the version is told whatever they say.
    """
    illegal = flags.problem(os.environ)
    if illegal is None or "--version" in arguments:
        return False
    if name == "lokictl" and _command_of(arguments) in SILENT:
        return True
    raise IllegalFlags(illegal)


def _command_of(arguments: Sequence[str]) -> str:
    """The command's name, before click looks at anything; "" without one."""
    words = iter(arguments)
    for word in words:
        if word in {"-C", "--workspace"}:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def _invoke(top: click.Command, name: str, arguments: list[str]) -> object:
    """Run a command; click's own ``main`` would end the process on its own terms."""
    try:
        with top.make_context(name, arguments) as context:
            return top.invoke(context)
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code


Complain = Callable[[str, str, int], int]


def _complainer(name: str, *, as_json: bool) -> Complain:
    def complain(message: str, hint: str, exit_code: int) -> int:
        if as_json:
            problem = {"error": message, "hint": hint, "exit_code": exit_code}
            render.note(render.as_json(problem))
            return exit_code
        alone = message.startswith(flags.ERROR)  # words that harnesses look for
        said = render.clean(message)
        render.note(said if alone else f"{name}: {said}")
        if hint:
            render.note(f"  {render.clean(hint)}")
        return exit_code

    return complain


def _failed(error: Exception, complain: Complain) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        command = context.command_path if context else "lokictl"
        hint = f"{command} --help lists its options, with examples"
        return complain(error.format_message(), hint, error.exit_code)
    if isinstance(error, LokidError):
        return complain(error.message, error.hint, error.exit_code)
    if os.environ.get("LOKID_DEBUG") == "1":
        traceback.print_exception(error)
    what = in_words(error)
    if isinstance(error, OSError):
        return complain(what, StorageError.hint, StorageError.exit_code)
    hint = "this is a bug: run it again with LOKID_DEBUG=1 and report what it says"
    return complain(what, hint, LokidError.exit_code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
