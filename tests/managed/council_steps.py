"""What an agent of a script does, one step after the other.

A test names the agents and their steps; `councils` plays them.  An agent without a
script is never started; one whose steps are over ends its turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calls import Json


@dataclass(frozen=True)
class Says:
    """A message in its own words."""

    text: str


@dataclass(frozen=True)
class Calls:
    """A custom tool is called; nothing goes on before its result is sent."""

    tool: str
    input: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Asks:
    """A tool of its own wants to be allowed; nothing goes on before that."""

    tool: str
    input: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Until:
    """It works on until the test releases this word: one nobody releases is silence."""

    word: str = "never"


@dataclass(frozen=True)
class Fails:
    """An error of the model after the last retry: this turn is dead for everybody."""

    kind: str = "model_overloaded_error"
    message: str = "The model is overloaded"


@dataclass(frozen=True)
class Dies:
    """The session ends for good."""


@dataclass(frozen=True)
class Emits:
    """An event as the test writes it, on the main stream: wrong ones too."""

    event: Json


Step = Says | Calls | Asks | Until | Fails | Dies | Emits
Script = Mapping[str, Sequence[Step]]
"""Steps by the name of the agent."""
