"""Environments: what a session must name, and nothing runs in one here.

The shapes are those of the SDK's types.  Refuses self-hosted ones: no council needs
them, and a half-made one would lie.
"""

from __future__ import annotations

from dataclasses import dataclass

from bodies import optional_text, patched, refuse_unknown, title
from calls import Call, Json, Route, invalid, not_found
from minting import Mint
from pages import page

BASE = "/v1/environments"
FIELDS = ("name", "config", "description", "metadata", "scope")
MANAGERS = ("apt", "cargo", "gem", "go", "npm", "pip")


@dataclass
class Environment:
    """One environment."""

    id: str
    name: str
    description: str | None
    config: Json
    metadata: dict[str, str]
    created_at: str
    updated_at: str
    archived_at: str | None = None

    def told(self) -> Json:
        """As the service gives it."""
        return {
            "id": self.id,
            "type": "environment",
            "name": self.name,
            "description": self.description,
            "config": self.config,
            "metadata": dict(self.metadata),
            "scope": "organization",
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "archived_at": self.archived_at,
        }


class Environments:
    """All environments of the workspace."""

    def __init__(self, mint: Mint) -> None:
        """None yet."""
        self._mint = mint
        self._environments: dict[str, Environment] = {}

    def routes(self) -> tuple[Route, ...]:
        """What is answered here."""
        one = f"{BASE}/{{environment}}"
        return (
            Route("POST", BASE, self._create),
            Route("GET", BASE, self._list),
            Route("GET", one, lambda call: self._called(call).told()),
            Route("POST", one, self._update),
            Route("DELETE", one, self._delete),
            Route("POST", f"{one}/archive", self._archive),
        )

    def find(self, environment_id: str) -> Environment:
        """One that is there."""
        try:
            return self._environments[environment_id]
        except KeyError:
            raise not_found("Environment", environment_id) from None

    def _called(self, call: Call) -> Environment:
        call.refuse_unknown()
        return self.find(call.ids[0])

    def _create(self, call: Call) -> Json:
        call.refuse_unknown()
        refuse_unknown(call.body, *FIELDS)
        if call.body.get("scope") not in {None, "organization"}:
            raise invalid("scope: an API organization has `organization` alone")
        now = self._mint.time()
        made = Environment(
            id=self._mint.new_id("env"),
            name=title(call.body, "name"),
            description=optional_text(call.body, "description", 1024),
            config=_config(call.body),
            metadata=patched({}, call.body),
            created_at=now,
            updated_at=now,
        )
        self._environments[made.id] = made
        return made.told()

    def _list(self, call: Call) -> Json:
        call.refuse_unknown("limit", "page", "include_archived")
        archived = call.choice("include_archived", "false", "true") == "true"
        rows = {
            one.created_at: one
            for one in reversed(self._environments.values())
            if archived or one.archived_at is None
        }
        return page(call, rows, Environment.told, falling=True)

    def _update(self, call: Call) -> Json:
        refuse_unknown(call.body, *FIELDS)
        found = self._called(call)
        if found.archived_at is not None:
            raise invalid(f"Environment `{found.id}` is archived")
        if call.body.get("name") is not None:
            found.name = title(call.body, "name")
        if call.body.get("config") is not None:
            found.config = _config(call.body)
        if "description" in call.body:
            found.description = optional_text(call.body, "description", 1024)
        found.metadata = patched(found.metadata, call.body)
        found.updated_at = self._mint.time()
        return found.told()

    def _archive(self, call: Call) -> Json:
        found = self._called(call)
        if found.archived_at is None:
            found.archived_at = found.updated_at = self._mint.time()
        return found.told()

    def _delete(self, call: Call) -> Json:
        found = self._called(call)
        del self._environments[found.id]
        return {"id": found.id, "type": "environment_deleted"}


def _config(body: Json) -> Json:
    config = body.get("config") or {"type": "cloud"}
    if not isinstance(config, dict) or config.get("type") != "cloud":
        raise invalid("config.type: the double has `cloud` alone")
    refuse_unknown(config, "type", "networking", "packages")
    return {
        "type": "cloud",
        "networking": config.get("networking") or {"type": "unrestricted"},
        "packages": {
            "type": "packages",
            **{name: [] for name in MANAGERS},
            **(config.get("packages") or {}),
        },
    }
