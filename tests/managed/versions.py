"""The two objects inside a store: a memory, and a version of one.

A version never changes but by redaction, which takes content, path, hash and size
and leaves who and when.  From the documentation alone, as everything here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from calls import Json


def sha256_of(content: str) -> str:
    """The hash that the service knows a content by: no normalization."""
    return hashlib.sha256(content.encode()).hexdigest()


@dataclass
class Memory:
    """A document at a path; its id stays through renames."""

    id: str
    store_id: str
    path: str
    content: str
    version_id: str
    created_at: str
    updated_at: str

    @property
    def sha256(self) -> str:
        """Of what is stored now."""
        return sha256_of(self.content)

    def told(self, *, full: bool) -> Json:
        """As the service gives it; the content only when ``full``."""
        return {
            "id": self.id,
            "type": "memory",
            "memory_store_id": self.store_id,
            "path": self.path,
            "content": self.content if full else None,
            "content_sha256": self.sha256,
            "content_size_bytes": len(self.content.encode()),
            "memory_version_id": self.version_id,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass
class Version:
    """One row of a memory's history."""

    id: str
    memory_id: str
    store_id: str
    operation: str
    path: str
    content: str | None
    created_at: str
    created_by: Json
    redacted_at: str | None = None
    redacted_by: Json | None = None

    def redact(self, at: str, actor: Json) -> None:
        """Take out what it says, for good."""
        self.path, self.content = "", None
        self.redacted_at, self.redacted_by = at, actor

    def told(self, *, full: bool) -> Json:
        """As the service gives it; the content only when ``full``."""
        content = self.content
        return {
            "id": self.id,
            "type": "memory_version",
            "memory_id": self.memory_id,
            "memory_store_id": self.store_id,
            "operation": self.operation,
            "path": self.path if self.redacted_at is None else None,
            "content": content if full else None,
            "content_sha256": sha256_of(content) if content is not None else None,
            "content_size_bytes": len(content.encode())
            if content is not None
            else None,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "redacted_at": self.redacted_at,
            "redacted_by": self.redacted_by,
        }
