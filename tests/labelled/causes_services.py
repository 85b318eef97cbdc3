"""Real causes of curl, make, and of clients whose service is away."""

from __future__ import annotations

from typing import Any

from trigger import Trigger, named


def _curl(
    cause: str, family: str, command: str | tuple[str, ...], unlike: str | None = None
) -> Trigger:
    return named("curl", cause, family, unlike=unlike, command=command)


CURL = (
    *(
        _curl(
            f"HTTP {status}",
            f"HTTP {status}",
            (
                f"curl -fsS @SERVER@/status/{status}/@N@",
                f"curl -f @SERVER@/status/{status}/@HEX@",
                f"curl -sS --fail-with-body @SERVER@/status/{status}/@HEX@",
            ),
            unlike,
        )
        for status, unlike in (
            (404, None),
            (401, "HTTP 404"),
            (429, "HTTP 404"),
            (500, None),
            (503, "HTTP 500"),
        )
    ),
    _curl("refused", "curl 7", "curl -sS http://127.0.0.1:@PORT@/@HEX@"),
    _curl("host", "curl 6", "curl -sS http://api-@M@.shop.invalid/v1/@HEX@", "refused"),
    _curl(
        "timeout", "curl 28", "curl -sS --max-time 0.@M@ @SERVER@/slow/@HEX@", "refused"
    ),
    _curl("empty reply", "curl 52", "curl -sS @SERVER@/reset/@HEX@", "refused"),
    _curl("protocol", "curl 1", "curl -sS gopherr://127.0.0.1:@PORT@/@HEX@"),
)


def _make(
    cause: str, family: str, makefile: str, command: str = "make", **more: Any
) -> Trigger:
    told = {"Makefile": "@PAD#@\n" + makefile} if makefile else {}
    files = told | more.pop("files", {})
    return named("make", cause, family, command=command, files=files, **more)


MAKE = (
    _make("no rule deployy", "make error", "all:\n\techo @N@\n", "make deployy"),
    _make(
        "no rule lintt",
        "make error",
        "all:\n\techo @N@\n",
        "make lintt",
        unlike="no rule deployy",
    ),
    _make("no rule parser.o for app", "make error", "app: parser.o\n\techo @N@\n"),
    _make("missing separator", "make error", "all:\n  echo @N@\n"),
    _make("no makefile", "make error", ""),
    _make("command protocc", "exit 127", "build:\n\tprotocc --v@M@ x.proto\n"),
    _make(
        "gcc cart.c undeclared total",
        "compile error",
        "cart.o: cart.c\n\tgcc -c cart.c\n",
        files={"cart.c": "@PAD//@\nint f(void) { return total + @N@; }\n"},
        unlike="command protocc",
    ),
    _make(
        "pytest test_cart.test_sum",
        "AssertionError",
        "test:\n\t@echo running @W@\n\t@pytest -q\n",
        "make test",
        files={"test_cart.py": "@PAD#@\ndef test_sum():\n    assert @N@ == 1\n"},
    ),
    _make(
        "python loader ValueError",
        "ValueError",
        "data:\n\tpython load.py '@W@'\n",
        files={"load.py": "@PAD#@\ndef load(x):\n    return int(x)\nload('k@N@')\n"},
    ),
)


def _other(tool: str, cause: str, family: str, command: str, **more: Any) -> Trigger:
    return named(tool, cause, family, command=command, **more)


OTHERS = (
    _other(
        "psql",
        "refused",
        "psql error",
        "psql -h 127.0.0.1 -p @PORT@ -U app shop -c 'select @N@'",
    ),
    _other(
        "psql",
        "host",
        "psql error",
        "psql -h db-@M@.shop.invalid -U app shop",
        unlike="refused",
    ),
    _other(
        "psql",
        "option --databse",
        "psql error",
        "psql --databse=shop@M@",
        unlike="refused",
    ),
    _other(
        "docker", "no daemon", "docker error", "docker -H tcp://127.0.0.1:@PORT@ ps"
    ),
    _other(
        "docker",
        "command composer",
        "docker error",
        "docker composer up",
        unlike="no daemon",
    ),
    _other(
        "sqlite3",
        "no table users",
        "sqlite3 error",
        "sqlite3 shop.db 'select @N@ from users'",
    ),
    _other(
        "sqlite3",
        "no table carts",
        "sqlite3 error",
        "sqlite3 shop.db 'select @N@ from carts'",
        unlike="no table users",
    ),
    _other(
        "sqlite3",
        "no column total",
        "sqlite3 error",
        "sqlite3 shop.db 'create table t(a); select total, @N@ from t'",
        unlike="no table users",
    ),
    _other(
        "perl",
        "module JSON/Fastt.pm",
        "perl error",
        "perl load.pl",
        files={"load.pl": "@PAD#@\nuse JSON::Fastt;\nprint @N@;\n"},
    ),
    _other(
        "cmake",
        "package OpenSSLL",
        "cmake error",
        "cmake .",
        files={
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.10)\n"
            "project(app NONE)\n@PAD#@\nfind_package(OpenSSLL REQUIRED)\n"
        },
    ),
    _other(
        "cmake",
        "no CMakeLists.txt",
        "cmake error",
        "cmake .",
        unlike="package OpenSSLL",
        times=2,
    ),
    _other("mvn", "no POM", "mvn error", "mvn -o -B package", times=2),
    _other(
        "ssh", "refused", "ssh error", "ssh -o BatchMode=yes -p @PORT@ 127.0.0.1 true"
    ),
)
