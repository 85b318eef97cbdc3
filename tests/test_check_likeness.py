"""A check is about this very command, not about one that looks like it."""

from __future__ import annotations

import pytest

from facts import Story, name_of, views
from lokid.command import heads_of, vague_heads


def fires(failed: str, line: str, asked: str) -> str:
    """What a check says of a command after another one failed."""
    story = Story()
    story.run()
    story.begin(1)
    story.wait(3)
    story.command(heads_of(failed)[0], 1, line=line, session=name_of("s"))
    story.wait(3)
    story.session(1, 1, line=line, lasting=5)
    story.complete(1, 1)
    story.wait(30)
    story.begin(2)
    story.wait(1)
    told = views(story.told)["check"].query({"command": asked}, story.now())["text"]
    return str(told)


@pytest.mark.parametrize(
    ("failed", "line", "asked"),
    [
        ("curl -s https://a.dev/v1", "curl: (6) no host", "curl -s http://b.dev/x"),
        ("python -c 'import yaml'", "KeyError: 'yaml'", "python -c 'print(1)'"),
        ("python3 - <<E\nx\nE", "KeyError: 'yaml'", "python3 - <<E\ny\nE"),
        ("cat /etc/nope", "cat: {path}: No such file", "cat /home/dev/app/README"),
        ("psql -c 'select 2'", "ERROR: no relation", "psql -c 'select 1'"),
        ("make -C web", "web.c:3:1: error: no x", "make -C api"),
        ("rm -rf /tmp/x/y", "rm: cannot remove", "rm -rf /tmp/z"),
    ],
)
def test_another_command_is_not_this_very_command(
    failed: str, line: str, asked: str
) -> None:
    """Where what a command is about was taken out, its head says too little."""
    assert "" == fires(failed, line, asked)


@pytest.mark.parametrize("command", ["pytest -q", "npm ci", "jq .", "npx tsc --noEmit"])
def test_a_command_without_arguments_is_itself(command: str) -> None:
    """A bare command that failed is warned of when it is run again."""
    assert frozenset() == vague_heads(command)
    assert fires(command, "KeyError: 'x'", command)
