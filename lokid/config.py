"""Settings: every limit has a name, a default, an origin.

Order: built-in defaults < ``~/.config/lokid/config.toml`` (under
``XDG_CONFIG_HOME`` where set) < ``.loki/lokid.toml`` < ``LOKID_*`` < flags.

The workspace's file is written by whoever writes the workspace, the agent
included: it may set only how many lines and bytes a prompt gets, and only
within the user's own limits, and add rules, which come after the user's and
count up to ``most_rules``; anything else in it is refused and
``lokictl config show`` says so.  No setting changes the state directory or the
socket (the hot path reads no settings).  A bad value is one clear
`SettingsError` that names file and key; only `context` and a running daemon
take a broken workspace file as one that says nothing (``lenient``), since the
agent that wrote it must not be able to silence the memory.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from lokid.errors import SettingsError
from lokid.rules import Rule

Count = Annotated[int, Meta(ge=0, le=20)]
Bytes = Annotated[int, Meta(ge=256, le=1 << 30)]
Growth = Annotated[int, Meta(ge=1, le=10_000_000)]
LogBytes = Annotated[int, Meta(ge=512, le=1 << 40)]
Days = Annotated[int, Meta(ge=1, le=36_500)]
Percent = Annotated[int, Meta(ge=0, le=50)]
Millis = Annotated[int, Meta(ge=1, le=600_000)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


REJECTS_AN_HOUR = 1000
"""A flood of broken files must not fill the log (``ingest/rejections.py``)."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings; the comment beside each is its line in ``docs/settings.md``."""

    recent_lines: Count = 3  # lines on recent failures in the block
    prior_lines: Count = 3  # lines on lessons of other runs
    council_lines: Count = 3  # lines on the council's last rejection or block
    max_bytes: Annotated[int, Meta(ge=200, le=100_000)] = 1800  # bytes of the block
    holdout_percent: Percent = 0  # of 100 lessons, left out of a run to measure
    context_deadline_ms: Millis = 150  # what `context` gives a daemon
    embedded_deadline_ms: Millis = 1000  # what `context` gives itself without one
    barrier_ms: Millis = 250  # longest `context` scans, if not told
    watch_step_ms: Millis = 200  # how often the watcher looks at its own queue
    reconcile_seconds: Seconds = 30.0  # how often everything is compared anew
    reject_after_seconds: Seconds = 5.0  # when a broken document is given up
    rejects_an_hour: Growth = REJECTS_AN_HOUR  # rejections told one by one
    document_bytes: Bytes = 1 << 20  # largest document or line that is read
    segment_bytes: Bytes = 8 << 20  # size at which a segment of the log is sealed
    snapshot_events: Growth = 20_000  # events between two snapshots of a daemon
    snapshot_close_events: Growth = 1000  # new events worth a snapshot at a close
    verify_seconds: Seconds = 86_400.0  # how often a daemon verifies the whole log
    scan_batch: Annotated[int, Meta(ge=1, le=100_000)] = 1000  # facts a write
    retention_bytes: LogBytes = 512 << 20  # most of the log, two segments at least
    retention_days: Days = 400  # how long facts are kept, from their arrival
    most_rules: Annotated[int, Meta(ge=0, le=1000)] = 100  # rules that count
    rule_length: Annotated[int, Meta(ge=4, le=1000)] = 200  # longest `match`
    rules: tuple[Rule, ...] = ()  # what is one lesson, and what is none: `[[rules]]`


WORKSPACE_MAY_SET = frozenset(
    {"recent_lines", "prior_lines", "council_lines", "max_bytes", "rules"}
)
"""The only keys a workspace's own file may set, each up to the user's value."""
FILE_BYTES = 1 << 20
"""Largest settings file."""
_RULES = "rules"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, where each value came from, and what was refused and why.

    ``rule_origins`` are those of the rules, one each.
    """

    settings: Settings
    origins: dict[str, str]
    refused: tuple[str, ...]
    rule_origins: tuple[str, ...] = ()


def load_settings(
    loki: Path,
    environ: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
    *,
    lenient: bool = False,
) -> Loaded:
    """Read all layers; raise SettingsError on the first bad value.

    ``lenient``: a bad workspace file is refused whole instead.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.__struct_fields__, "default")
    refused: list[str] = []

    def take(layer: Mapping[str, Any], origin: str) -> None:
        for key, value in layer.items():
            values[key] = _checked(key, value, origin)
            origins[key] = origin

    user_file, workspace_file = settings_files(loki, environ)
    take(_read(user_file), str(user_file))
    own: tuple[Rule, ...] = values.pop(_RULES, ())
    try:
        allowed, refused = _within(_read(workspace_file), values)
        take(allowed, str(workspace_file))
    except SettingsError as error:
        if not lenient:
            raise
        refused = [error.message]
    for key in Settings.__struct_fields__:
        text = environ.get(f"LOKID_{key.upper()}")
        if text is not None:
            take({key: _number(text)}, f"LOKID_{key.upper()}")
    theirs: tuple[Rule, ...] = values.pop(_RULES, ())
    take(flags or {}, "flag")
    settings = Settings(**values)
    _check_rules(own, settings, str(user_file))
    taken, faults = _fitting(theirs, settings, len(own))
    return Loaded(
        settings=msgspec.structs.replace(settings, rules=(*own, *taken)),
        origins=origins,
        refused=(*refused, *faults),
        rule_origins=(
            *(str(user_file) for _ in own),
            *(str(workspace_file) for _ in taken),
        ),
    )


def settings_files(loki: Path, environ: Mapping[str, str]) -> tuple[Path, Path]:
    """The user's file and the workspace's, whether they are there or not."""
    return _config_home(environ) / "lokid" / "config.toml", loki / "lokid.toml"


def _check_rules(rules: Sequence[Rule], settings: Settings, origin: str) -> None:
    """Raise SettingsError for a rule of the user's that cannot stand."""
    for rule in rules:
        fault = rule.fault(settings.rule_length)
        if fault:
            message = f"{origin}: rules: {rule.match!r}: {fault}"
            raise SettingsError(message)
    if len(rules) > settings.most_rules:
        message = f"{origin}: {len(rules)} rules: over most_rules"
        raise SettingsError(f"{message} = {settings.most_rules}")


def _fitting(
    rules: Sequence[Rule], settings: Settings, before: int
) -> tuple[list[Rule], list[str]]:
    """The rules of a workspace that stand, and why the others do not."""
    taken: list[Rule] = []
    faults: list[str] = []
    for rule in rules:
        fault = rule.fault(settings.rule_length)
        if fault is None and before + len(taken) >= settings.most_rules:
            fault = f"over most_rules = {settings.most_rules}"
        if fault is None:
            taken.append(rule)
        else:
            faults.append(f"rules: {rule.match[:40]!r}: {fault}")
    return taken, faults


def _config_home(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("XDG_CONFIG_HOME") or ""
    if os.path.isabs(chosen):
        return Path(chosen)
    return Path(environ.get("HOME") or os.path.expanduser("~")) / ".config"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > FILE_BYTES:
            # a pipe would be waited for without end, by a daemon too
            message = f"{path}: no plain file of at most {FILE_BYTES} bytes"
            raise SettingsError(message)
        with path.open("rb") as file:
            return tomllib.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise SettingsError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{path}: not valid TOML: {error}"
        raise SettingsError(message) from error


def _within(
    layer: Mapping[str, Any], user: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What a workspace's file may say, and what of it is refused."""
    allowed: dict[str, Any] = {}
    refused: list[str] = []
    for key, value in layer.items():
        limit = user.get(key, getattr(Settings(), key, None))
        if key not in WORKSPACE_MAY_SET:
            refused.append(f"{key}: a workspace may not set this")
        elif type(value) is int and isinstance(limit, int) and value > limit:
            refused.append(f"{key} = {value}: over the user's limit of {limit}")
        else:
            allowed[key] = value
    return allowed, refused


def _checked(key: str, value: object, origin: str) -> object:
    try:
        return getattr(msgspec.convert({key: value}, Settings), key)
    except msgspec.ValidationError as error:
        message = f"{origin}: {key}: {error}".replace(f" - at `$.{key}`", "")
        raise SettingsError(message) from error


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
