"""Writing below ``.loki``, where others write too: whole files, and no way out.

Never through a symbolic link, never half of what belongs together: all files are
there under other names before the first gets its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lokid import atomic

_STAGED = ".staged"


class NotWritten(Exception):
    """A file cannot be written, or is not ours to write."""


def folder(loki: Path, name: str) -> Path:
    """A folder below ``.loki``, made.

    Raises NotWritten where a link leads away, OSError.
    """
    found = loki
    for part in name.split("/"):
        found /= part
        if found.is_symlink():
            raise NotWritten(f"{found}: it is a link")
    found.mkdir(mode=0o755, parents=True, exist_ok=True)
    return found


def write(file: Path, text: bytes) -> None:
    """One file, in place of the one that is there.  Raises OSError, StorageError."""
    atomic.write_file(file, [text], mark=f".{os.getpid()}")


def write_all(files: Mapping[Path, bytes], *, new: bool) -> None:
    """All of them or none; with ``new`` none may be there yet.

    Raises NotWritten, StorageError.
    """
    staged = {file.with_name(file.name + _STAGED): file for file in files}
    named: list[Path] = []
    try:
        for temporary, file in staged.items():
            write(temporary, files[file])
        for temporary, file in staged.items():
            if new:
                os.link(temporary, file)
                named.append(file)
            else:
                temporary.replace(file)
    except OSError as error:
        for file in named:
            with suppress(OSError):
                file.unlink()
        where = error.filename2 or error.filename or ""
        raise NotWritten(f"{where}: {error.strerror}") from error
    finally:
        for temporary in staged:
            with suppress(OSError):
                temporary.unlink()
