"""Databases, git, containers and clusters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample

_GIT = re.compile(r"(?:fatal|git): (?P<said>.+)")
_GIT_ERROR = re.compile(
    r"error: (?P<said>(?:pathspec|failed to push|Your local changes|src refspec"
    r"|cannot (?:lock|pull|rebase|stash|merge|spawn|update|delete|run)"
    r"|could not (?:apply|lock|read|parse|detach|commit|delete)|The following untracked"
    r"|patch failed|unable to (?:create|write|unlink|update|delete|index|rewind)"
    r"|Pulling is not possible|you need to resolve|RPC failed|no such remote"
    r"|remote \S+ already|Entry |short read|corrupt|object file|gpg failed"
    r"|unknown (?:switch|option|subcommand)"
    r"|insufficient permission|Committing is not|branch '|update_ref|merging ).*)"
)
_NO_MERGE = re.compile(r"merge: .+ - not something we can merge")
_REJECTED = re.compile(
    r"! \[(?:remote )?rejected\]\s+\S+ -> (?P<branch>\S+) \((?P<why>[^)]+)\)"
)
_CONFLICT = re.compile(r"CONFLICT \((?P<kind>[^)]+)\): (?P<said>.+)")


def _git(lines: Sequence[str], at: int) -> Found | None:
    """Git's last word, without the address of a remote."""
    text = lines[at].strip()
    found = _GIT.match(text)
    if found:
        said = re.sub(r"(unable to access|repository) '[^']*'", r"\1", found["said"])
        return Found(f"git: {said}", rank=SUM if said in _GIT_VAGUE else None)
    if found := _NO_MERGE.match(text):
        return Found(f"git: {found[0]}")
    if found := _REJECTED.match(text):
        return Found(f"git: rejected: {found['branch']} ({found['why']})")
    if found := _CONFLICT.match(text):
        return Found(f"git: CONFLICT ({found['kind']}): {found['said']}")
    if (found := _GIT_ERROR.match(text)) and "pushsome" not in text:
        vague = found["said"].startswith("failed to push")
        said = re.sub(r" to '\S+'$", "", found["said"])
        return Found(f"git: {said}", rank=SUM if vague else None)
    return None


_GIT_VAGUE = frozenset(
    {
        "Could not read from remote repository.",
        "early EOF",
        "Exiting because of an unresolved conflict.",
    }
)


EXTRACTORS = (
    Extractor(
        name="git",
        words=("fatal: ", "git: ", "error: ", "ejected]", "CONFLICT (", "we can merge"),
        find=_git,
        samples=(
            Sample(
                "fatal: not a git repository (or any of the parent directories): .git",
                "git: not a git repository (or any of the parent directories): .git",
                "git error",
            ),
            Sample(
                " ! [rejected]        main -> main (non-fast-forward)\n"
                "error: failed to push some refs to 'git@host.example.org:a/b.git'",
                "git: rejected: main (non-fast-forward)",
                "git error",
            ),
            Sample(
                "Auto-merging src/till.py\n"
                "CONFLICT (content): Merge conflict in src/till.py\n"
                "Automatic merge failed; fix conflicts and then commit the result.",
                "git: CONFLICT (content): Merge conflict in till.py",
                "git error",
            ),
            Sample(
                "error: pathspec 'tills' did not match any file(s) known to git",
                "git: pathspec 'tills' did not match any file(s) known to git",
                "git error",
            ),
        ),
    ),
)
