"""The idempotency key: the same fact, read again, has the same id."""

from __future__ import annotations

from hashlib import blake2b


def event_id(identity: tuple[str | int, ...]) -> str:
    """32 hex digits for the parts of an identity.

    Each part goes in with its kind and its length, so that no two identities
    share an encoding: ``("a", "b")``, ``("ab",)``, ``("1",)`` and ``(1,)`` all
    differ.  File names that are not UTF-8 (lone surrogates) are allowed.
    """
    digest = blake2b(digest_size=16)
    for part in identity:
        text = part if isinstance(part, str) else str(int(part))
        data = text.encode("utf-8", "surrogatepass")
        kind = b"s" if isinstance(part, str) else b"i"
        digest.update(b"%s%d:%s" % (kind, len(data), data))
    return digest.hexdigest()
