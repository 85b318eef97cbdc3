"""Policies of a replay: who says what, when, and how much of it.

The built-in ones are the table's rows.  A user's own come from a TOML file::

    [wide]                   # the policy's name
    block = "lokid"          # lokid, harness or none
    check = true
    recent_lines = 5         # lines and bytes of the block, as in the settings
    prior_lines = 5
    max_bytes = 3000
    least_sightings = 2      # a lesson is told from so many sightings on,
    least_runs = 2           # and from so many distinct runs on

An unknown key or a value of the wrong kind is a `UsageError` that names it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lokid.errors import UsageError

_Lines = Annotated[int, Meta(ge=0, le=100)]
_Least = Annotated[int, Meta(ge=1, le=1000)]


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the table; None leaves a setting as the workspace has it."""

    name: str = ""
    block: Literal["lokid", "harness", "none"] = "lokid"
    check: bool = True
    recent_lines: _Lines | None = None
    prior_lines: _Lines | None = None
    max_bytes: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    least_sightings: _Least = 1
    least_runs: _Least = 1

    @property
    def params(self) -> dict[str, str]:
        """What a question for the block says of lines and bytes."""
        named = ("recent_lines", "prior_lines", "max_bytes")
        values = {name: getattr(self, name) for name in named}
        return {name: str(value) for name, value in values.items() if value is not None}

    @property
    def asks(self) -> bool:
        """Whether lokid's own views are asked at all."""
        return self.check or self.block == "lokid"


BUILT_IN = (
    Policy(name="none", block="none", check=False),
    Policy(name="harness", block="harness", check=False),
    Policy(name="block", check=False),
    Policy(name="check", block="none"),
    Policy(name="both"),
)


def read_policies(path: Path) -> tuple[Policy, ...]:
    """The policies of a file, in its order.

    Raises `UsageError` when it cannot be read or says something unknown.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        message = f"cannot read the policies in {path.name}: {error.strerror}"
        raise UsageError(message, _HINT) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} is no TOML: {error}", _HINT) from error
    taken = {one.name for one in BUILT_IN}
    found = []
    for name, table in told.items():
        if name in taken:
            message = f"{path.name}: there is a policy named {name} already"
            raise UsageError(message, _HINT)
        try:
            policy = msgspec.convert(table, Policy)
        except msgspec.ValidationError as error:
            raise UsageError(f"{path.name}, [{name}]: {error}", _HINT) from error
        found.append(msgspec.structs.replace(policy, name=name))
    if not found:
        raise UsageError(f"there is no policy in {path.name}", _HINT)
    return tuple(found)


_HINT = "a table a policy: docs/effectiveness.md names the keys"
