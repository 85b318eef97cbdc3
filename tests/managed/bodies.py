"""What a request's body may hold: fields, their types and lengths, path grammar.

The limits are those of the service's documentation (none was tried on the live
service).  Refuses every field that is not asked for: a field of an older harness,
as ``scope`` or ``if_match_sha256``, must not pass for one that does something.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from calls import Json, invalid

PATH_BYTES = 1024
PATH_SEGMENTS = 20
CONTENT_BYTES = 102_400
PAIRS, KEY, VALUE = 16, 64, 512
UNPRINTABLE = ("Cc", "Cf", "Zl", "Zp", "Cs")
"""Unicode categories: control, format, both separators, half of a pair."""


def refuse_unknown(body: Json, *known: str) -> None:
    """Refuse fields beside these."""
    for name in body:
        if name not in known:
            raise invalid(f"{name}: Extra inputs are not permitted")


def optional_text(body: Json, name: str, most: int) -> str | None:
    """A text, or none: null says the same as no field."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid(f"{name}: Input should be a valid string")
    if len(value) > most:
        raise invalid(f"{name}: String should have at most {most} characters")
    return value


def required_text(body: Json, name: str, most: int) -> str:
    """A text of one character at least."""
    value = optional_text(body, name, most)
    if value is None:
        raise invalid(f"{name}: Field required")
    if not value:
        raise invalid(f"{name}: String should have at least 1 character")
    return value


def title(body: Json, name: str, most: int = 255) -> str:
    """A name for people: no control characters in it."""
    value = required_text(body, name, most)
    if any(unicodedata.category(one) == "Cc" for one in value):
        raise invalid(f"{name}: must not contain control characters")
    return value


def listed(body: Json, name: str, most: int) -> list[Json]:
    """A list of objects; none given is an empty one."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        raise invalid(f"{name}: Input should be a list of at most {most}")
    if not all(isinstance(one, dict) for one in value):
        raise invalid(f"{name}: Input should be a list of objects")
    return value


def patched(kept: Mapping[str, str], body: Json) -> dict[str, str]:
    """Metadata after ``body``: a text sets a key, null takes it out."""
    patch = body.get("metadata")
    if patch is None:
        return dict(kept)
    if not isinstance(patch, dict):
        raise invalid("metadata: Input should be a valid dictionary")
    result = dict(kept)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif not isinstance(value, str) or len(value) > VALUE:
            raise invalid(f"metadata.{key}: at most {VALUE} characters of text")
        elif not 1 <= len(key) <= KEY:
            raise invalid(f"metadata: keys have 1 to {KEY} characters")
        else:
            result[key] = value
    if len(result) > PAIRS:
        raise invalid(f"metadata: at most {PAIRS} pairs")
    return result


def content_of(body: Json) -> str | None:
    """A memory's content, if there is one."""
    content = optional_text(body, "content", CONTENT_BYTES)
    if content is None:
        return None
    try:
        size = len(content.encode())
    except UnicodeEncodeError as error:
        raise invalid("content: must be valid UTF-8 text") from error
    if size > CONTENT_BYTES:
        raise invalid(f"content: {size} bytes are more than {CONTENT_BYTES}")
    return content


def path_of(body: Json) -> str | None:
    """A memory's path, if there is one."""
    path = body.get("path")
    if path is None:
        return None
    if not isinstance(path, str):
        raise invalid("path: Input should be a valid string")
    check_path("path", path)
    return path


def check_path(name: str, path: str) -> None:
    """Refuse what is not a path."""
    segments = path.split("/")[1:]
    if not path.startswith("/") or "" in segments:
        raise invalid(f"{name}: must start with `/` and have no empty segment")
    if any(unicodedata.category(one) in UNPRINTABLE for one in path):
        raise invalid(f"{name}: must not contain control or format characters")
    if {".", ".."} & set(segments):
        raise invalid(f"{name}: must not contain `.` or `..` segments")
    if len(path.encode()) > PATH_BYTES or len(segments) > PATH_SEGMENTS:
        raise invalid(f"{name}: {PATH_BYTES} bytes, {PATH_SEGMENTS} segments at most")
    if not unicodedata.is_normalized("NFC", path):
        raise invalid(f"{name}: must be NFC-normalized")


def check_prefix(prefix: str) -> None:
    """Refuse what is not the beginning of paths, segment by segment."""
    if not prefix.endswith("/"):
        raise invalid("path_prefix: must end with `/`")
    if prefix != "/":
        check_path("path_prefix", prefix[:-1])
