"""A leaked text, the forms in which a log may hold it, and taking them out of bytes.

A log keeps free text scrubbed (``scrub.py``), so that what a person has before
their eyes may stand there as something else.  Looked for are the text as it was
given, without the white space around it, and what scrubbing makes of it, where
enough of that is still text.

Promises: keys and numbers never change, nor does a time that stands alone.  A
placeholder (``{path}``) stands for what was never kept: it is no place where a
text is found, unless the text goes beyond it.

Refuses (UsageError): what is no text, one shorter than `SHORTEST` (it would hit
what nobody means), one that is nothing but placeholders, one that is part of
what would stand in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from lokid import codec
from lokid.errors import UsageError
from lokid.scrub import REDACTED, line, one_line

SHORTEST: Final = 4
"""Characters of a text at the least."""
REPLACEMENT: Final = REDACTED
_PLAIN: Final = 8
"""Letters and digits beside placeholders that make a scrubbed form worth a look."""
_PLACEHOLDER: Final = (
    r"\{(?:addr|date|duration|email|hash|host|ip|n|path|str|time|token|url|uuid)\}"
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Leak:
    """One text in all the forms that are looked for."""

    def __init__(self, text: str) -> None:
        """Raises UsageError; see the module."""
        given = _checked(text)
        forms = sorted({given, *_scrubbed(given)}, key=lambda one: (-len(one), one))
        self._given = tuple(_shapes([given]))
        self._shapes = tuple(_shapes(forms))
        self._text = re.compile(
            f"{'|'.join(map(re.escape, forms))}|(?P<kept>{_PLACEHOLDER})"
        )
        self._bytes = re.compile(
            b"%s|(?P<kept>%s)"
            % (b"|".join(map(re.escape, self._shapes)), _PLACEHOLDER.encode())
        )

    def may_be_in(self, data: bytes) -> bool:
        """Whether bytes are worth a closer look; quick."""
        return any(shape in data for shape in self._shapes)

    def was_given_in(self, data: bytes) -> bool:
        """Whether bytes hold the text as it was given, not only reshaped."""
        return any(shape in data for shape in self._given)

    def taken_from(self, value: Any) -> Any:  # noqa: ANN401  whatever JSON holds
        """A value of JSON with the text in no string of it."""
        if isinstance(value, str):
            return value if _TIME.fullmatch(value) else self._text.sub(_word, value)
        if isinstance(value, list):
            return [self.taken_from(one) for one in value]
        if isinstance(value, dict):
            return {key: self.taken_from(one) for key, one in value.items()}
        return value

    def blanked(self, data: bytes) -> bytes:
        """Bytes as long as these, with ``x`` where the text stood."""
        return self._bytes.sub(_crosses, data)


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "the text to redact is not UTF-8, so no event can hold it"
        raise UsageError(message, "give the part of it that is plain text") from error
    text = text.strip()
    if len(text) < SHORTEST:
        message = f"a text to redact has at least {SHORTEST} characters"
        raise UsageError(message, "it would be taken out wherever it stands")
    if not re.sub(_PLACEHOLDER, "", text).strip() or text in REPLACEMENT:
        message = "that text is what lokid puts in the place of others"
        raise UsageError(message, "name the text that leaked")
    return text


def _scrubbed(text: str) -> Iterator[str]:
    """What scrubbing makes of a text, where it can be told from other texts."""
    for form in (one_line(text), line(text)):
        plain = re.sub(_PLACEHOLDER, "", form)
        least = SHORTEST if plain == form else _PLAIN
        if sum(map(str.isalnum, plain)) >= least and form not in REPLACEMENT:
            yield form


def _shapes(forms: Iterable[str]) -> Iterator[bytes]:
    """Each form as JSON of the log writes it, and as plain bytes."""
    for form in forms:
        plain, escaped = form.encode(), codec.ascii_json(form)[1:-1]
        yield escaped
        if plain != escaped:
            yield plain


def _word(found: re.Match[str]) -> str:
    return found["kept"] or REPLACEMENT


def _crosses(found: re.Match[bytes]) -> bytes:
    return found["kept"] or b"x" * len(found[0])
