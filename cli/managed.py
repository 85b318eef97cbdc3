"""`lokictl managed`: the mirror in managed memory stores, as far as it is on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from cli import render
from cli.options import command, noun, workspace

if TYPE_CHECKING:
    from lokid.client import Client


@noun("managed", examples=("lokictl managed", "lokictl managed events"))
@click.pass_context
def managed(ctx: click.Context, *, as_json: bool) -> None:
    """Look after the mirror in managed memory stores (off by default)."""
    if not ctx.invoked_subcommand:
        _show(as_json=as_json)


@command("status", examples=("lokictl managed status --json",))
def status(*, as_json: bool) -> None:
    """Show which flags are on, and what failed last.

    Nothing is asked of the service: `lokictl managed probe` does that.
    """
    _show(as_json=as_json)


def _show(*, as_json: bool) -> None:
    from lokid import flags
    from lokid.managed import reading

    told = reading.status(workspace().loki, os.environ)
    if as_json:
        render.emit(told)
        return
    render.say("managed memory is " + ("on" if told["enabled"] else "off"))
    for name in flags.ALL:
        render.say(f"  {name:<36} {'on' if flags.is_on(os.environ, name) else 'off'}")
    for doubt in flags.doubts(os.environ):
        render.note(f"lokictl: {doubt}")
    last = told["last_fallback"]
    if isinstance(last, dict):
        render.say(f"last failure: {_words(last)}")


@command("events", examples=("lokictl managed events --limit 20",))
@click.option("--limit", metavar="N", default="100", help="N newest events.")
@click.option("--since", metavar="TIME", help="Only those from then on.")
@click.option("--type", "kind", metavar="TYPE", help="Only those of a type.")
def events(*, limit: str, since: str | None, kind: str | None, as_json: bool) -> None:
    """List what was done with managed stores, oldest first."""
    from lokid.managed import reading

    place = workspace()
    asked = {"limit": limit, "since": since, "type": kind}
    params = {name: value for name, value in asked.items() if value is not None}
    told = reading.events(place.loki, params)
    if as_json:
        render.emit(told)
        return
    found = told["events"]
    assert isinstance(found, list)  # noqa: S101  its shape
    for one in found:
        render.say(_words(one))
    if not found:
        render.nothing("nothing was done with managed stores here", place)


def _words(event: dict[str, Any]) -> str:
    """One event in a line: when, what, and what matters of it."""
    said = event.get("payload")
    payload = said if isinstance(said, dict) else {}
    names = ("op", "reason", "kind", "path", "merged", "detail")
    parts = [f"{name}={payload[name]}" for name in names if payload.get(name)]
    line = " ".join([str(event.get("ts")), str(event.get("type")), *parts])
    return render.clean(line)


@command("probe", examples=("lokictl managed probe",))
def probe(*, as_json: bool) -> int:
    """Ask the service once whether key, header and stores are right."""
    import asyncio

    from lokid.errors import UsageError
    from lokid.managed.probing import probed

    reply = asyncio.run(probed(os.environ))
    if reply is None:
        message = "managed memory is off: nothing is asked"
        hint = "set LOKI_MANAGED_AGENTS=true and LOKI_MANAGED_MEMORY=true"
        raise UsageError(message, hint)
    if as_json:
        told = {"schema": 1, "reason": reply.reason, "stores": reply.result}
        render.emit({**told, "events": [one.payload for one in reply.events]})
        return int(reply.reason is not None)
    if reply.reason is not None:
        detail = reply.events[-1].payload.get("detail") if reply.events else ""
        render.say(render.clean(f"it does not work: {reply.reason}: {detail}"))
        return 1
    render.say("the service answers")
    for scope, store in reply.result.items():
        render.say(f"  {scope}: {render.clean(store or 'no store yet')}")
    return 0


@command("hydrate", examples=("lokictl managed hydrate",))
def hydrate(*, as_json: bool) -> int:
    """Bring what an organisation shares into the local memory, now.

    A daemon does it by itself once a session, where its flag is on.
    """
    told = _daemon().managed("hydrate", {})
    if as_json:
        render.emit(told)
        return int(told["error"] is not None)
    if told["error"] is not None:
        render.say(render.clean(f"nothing was hydrated: {told['error']}"))
        return 1
    counts = ", ".join(f"{count} {name}" for name, count in told["counts"].items())
    render.say(f"hydrated: {counts}")
    return 0


@command("versions", examples=("lokictl managed versions mem_01abc",))
@click.argument("memory", metavar="MEMORY_ID")
def versions(*, memory: str, as_json: bool) -> None:
    """List who wrote a memory when, the newest first; without what it said."""
    told = _daemon().versions(memory)
    if as_json:
        render.emit({"schema": 1, **told})
        return
    for one in told["versions"]:
        path = one["path"] or "(redacted)"
        line = f"{one['created_at']} {one['operation']:<8} {path}"
        render.say(render.clean(f"{line} {one['memory_version_id']}"))


@command(
    "redact",
    examples=(
        "lokictl managed redact 'ann@example\\.org'",
        "lokictl managed redact hunter2 --scope user",
    ),
)
@click.argument("pattern")
@click.option(
    "--scope",
    type=click.Choice(["user", "org", "all"]),
    default="all",
    show_default=True,
    help="Whose stores.",
)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def redact(*, pattern: str, scope: str, yes: bool, as_json: bool) -> int:
    """Take what a regular expression matches out of managed stores, for good.

    Out of old versions and deleted memories too; a memory that says it now is
    rewritten first.  Local memory stays as it is: lokictl log redact.
    """
    client = _daemon()
    client.ping()
    if not (yes or as_json):
        click.confirm(f"Redact {pattern!r} in {scope} stores for good?", abort=True)
    asked = {"pattern": pattern, "scope": scope, "actor": "lokictl"}
    told = client.managed("redact", asked)
    if as_json:
        render.emit(told)
    else:
        render.say_all(_redacted(told))
    return int(bool(told.get("error") or told["errors"]))


def _redacted(told: dict[str, Any]) -> list[str]:
    if told.get("error"):
        return [render.clean(f"nothing was redacted: {told['error']}")]
    count = render.plural(told["redacted_count"], "version")
    lines = [f"redacted {count} of {told['scanned']}"]
    if told["head_rewritten"]:
        heads = render.plural(told["head_rewritten"], "head")
        lines.append(f"rewrote {heads} first")
    lines += [f"failed: {one['op']}: {one['error']}" for one in told["errors"]]
    return [render.clean(line) for line in lines]


def _daemon() -> Client:
    """Who has the one child that may speak to a store."""
    from lokid.client import Client

    return Client(workspace())


for _below in (status, events, probe, hydrate, versions, redact):
    managed.add_command(_below)
