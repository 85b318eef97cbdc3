from __future__ import annotations

import pytest

from projections.fix_words import (
    arguments_of,
    bare_of_meaning,
    blames_code,
    edited_file,
    judges,
    looks,
    makes,
    missing_in,
    says_absent,
    shares,
)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("ModuleNotFoundError: No module named 'yaml'", "yaml"),
        ("Error: Cannot find module 'left-pad'", "left-pad"),
        ("error[E0463]: can't find crate for `serde`", "serde"),
        ('ERROR: Could not resolve "lodash"', "lodash"),
        (
            "no required module provides package example.org/tool; add it:",
            "example.org/tool",
        ),
        ("ERROR: No matching distribution found for yamlx", "yamlx"),
        ("E: Unable to locate package redis-tools", "redis-tools"),
        ("zsh:1: command not found: jq", "jq"),
        ("bash: line {n}: jq: command not found", "jq"),
        ("sh: {n}: jq: not found", "jq"),
        ("'jq' is not recognized as an internal or external command", "jq"),
        ("Error: spawn jq ENOENT", "jq"),
        ('psql: error: FATAL:  database "shop" does not exist', "shop"),
        ('ERROR:  relation "orders" does not exist', "orders"),
        ("ERROR {n}: Unknown database 'shop'", "shop"),
        ("sqlite3.OperationalError: no such table: orders", "orders"),
        ("Unable to find image 'shop:latest' locally", "shop:latest"),
        ("src/a.c: fatal error: zlib.h: No such file or directory", "zlib.h"),
        ("/usr/bin/ld: cannot find -lssl", "ssl"),
        ("cat: data.json: No such file or directory", "data.json"),
        ("No such file or directory: 'data.json'", "data.json"),
        ("bash: ./run.sh: Permission denied", "./run.sh"),
        ("Error: ffmpeg is not installed", "ffmpeg"),
        ("ENOENT: no such file or directory, open 'keys.json'", "keys.json"),
        ("cp: cannot stat '.env.example': No such file or directory", ".env.example"),
        ("tar: backup.tgz: Cannot open: No such file or directory", None),
        ("TS2339: Property 'mail' does not exist on type 'User'.", None),
        ("AssertionError: got 1, want 2", None),
        ("TypeError: Cannot read properties of undefined (reading 'id')", None),
    ],
)
def test_what_a_line_says_is_missing(line: str, name: str | None) -> None:
    """The thing itself, by name; nothing where the line names none."""
    assert ({name} if name else set()) == missing_in(line) - {"bash", "cat", "sh"}


@pytest.mark.parametrize(
    ("head", "kinds"),
    [
        ("git status", "looks"),
        ("git commit", "looks"),
        ("Read src/a.py", "looks"),
        ("grep todo src/a.py", "looks"),
        ("pytest tests/test_a.py", "judges"),
        ("cargo test auth", "judges"),
        ("poetry run pytest tests/test_a.py", "judges"),
        ("npx tsc --noEmit", "judges"),
        ("npm run lint", "judges"),
        ("pip install yaml", "makes"),
        ("python3 -m pip install yaml", "makes"),
        ("uv pip install yaml", "makes"),
        ("poetry add yaml", "makes"),
        ("sudo apt-get install jq", "makes"),
        ("npm install login@158", "makes"),
        ("createdb shop", "makes"),
        ("docker compose up db", "makes"),
        ("brew services start postgresql", "makes"),
        ("python3 scripts/install.py", ""),
        ("deploy now", ""),
    ],
)
def test_what_kind_of_command_a_head_is(head: str, kinds: str) -> None:
    """One kind at most: to look, to judge, to make."""
    rules = {"looks": looks, "judges": judges, "makes": makes}
    assert kinds == " ".join(name for name, rule in rules.items() if rule(head))


@pytest.mark.parametrize(
    ("head", "terms", "term"),
    [
        ("pip install pyyaml", {"yaml"}, "yaml"),
        ("pip install yaml==6.0", {"yaml"}, "yaml"),
        ("apt-get install fd-find", {"fd"}, "fd"),
        ("createdb shop_orders", {"shop_orders"}, "shop_orders"),
        ("npm install react@17", {"react@18"}, "react@18"),
        ("createdb shop_orders", {"shop"}, "shop"),
        ("pip install numpy", {"yaml"}, None),
        ("apt-get install jquery", {"jq"}, None),
        ("jq install", {"jq"}, None),
    ],
)
def test_whether_a_command_names_a_term(
    head: str, terms: set[str], term: str | None
) -> None:
    """Whole words and pieces of them; inside a word from four letters on."""
    assert term == shares(head, frozenset(terms))


def test_a_command_is_about_its_arguments_not_its_paths() -> None:
    """Neither the subcommand, nor a folder that everything lies in."""
    assert {"shop_orders"} == arguments_of("psql shop_orders")
    assert {"login@158", "login"} == arguments_of("npm install login@158")
    assert set() == arguments_of("python3 scripts/load.py")
    assert set() == arguments_of("run {hash} {n}")


def test_wrong_code_is_told_from_what_lacks() -> None:
    """A red test and a type error need an edit, a missing module does not."""
    assert blames_code("KeyError", "KeyError: 'a'", "python3 a.py")
    assert blames_code("TS2322", "TS2322: Type 'a'", "npx tsc")
    assert blames_code("compile error", "compile error: 'a' undeclared", "build")
    assert blames_code("exit 1", "go test: TestSum: got 1", "go test ./cart")
    assert not blames_code("exit 1", "deploy: no answer", "deploy now")
    no_yaml = "ModuleNotFoundError: No module named 'yaml'"
    assert not blames_code("ModuleNotFoundError", no_yaml, "pytest tests/test_a.py")
    assert not blames_code("OperationalError", "OperationalError: timeout", "psql a")


def test_what_else_a_head_tells() -> None:
    """The file of an edit, a missing program, and whether it says anything."""
    assert "src/a.py" == edited_file("Edit src/a.py")
    assert edited_file("cat src/a.py") is None
    assert edited_file("Write") is None
    assert says_absent("bash: line {n}: jq: command not found")
    assert not says_absent("database not found in the list")
    assert [True, True, False, False] == [
        bare_of_meaning(head)
        for head in ("run {hash} {n}", "{path} now", "sed", "sed src/a.txt")
    ]
