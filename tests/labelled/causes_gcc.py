"""Real causes of gcc and of what it builds."""

from __future__ import annotations

from trigger import Trigger, named

_C = "#include <stdio.h>\n#include <stdlib.h>\n@PAD//@\n"


def _gcc(
    cause: str,
    family: str,
    files: dict[str, str],
    command: str,
    *,
    unlike: str | None = None,
) -> Trigger:
    needs = ("gcc", "g++")
    return named(
        "gcc", cause, family, unlike=unlike, files=files, command=command, needs=needs
    )


def _main(body: str) -> str:
    return f"{_C}int main(void) {{\n  {body}\n}}\n"


GCC = (
    _gcc(
        "main.c undeclared total",
        "compile error",
        {"src/main.c": _main("return total + @N@;")},
        "gcc -c src/main.c",
    ),
    _gcc(
        "main.c undeclared weight",
        "compile error",
        {"src/main.c": _main("return weight + @N@;")},
        "gcc -c src/main.c",
        unlike="main.c undeclared total",
    ),
    _gcc(
        "tax.c undeclared total",
        "compile error",
        {"src/tax.c": _main("return total + @N@;")},
        "gcc -c src/tax.c",
        unlike="main.c undeclared total",
    ),
    _gcc(
        "unused in main.c",
        "unused-variable",
        {"src/main.c": _main("int spare = @N@; return 0;")},
        "gcc -Wall -Werror -c src/main.c",
        unlike="main.c undeclared total",
    ),
    _gcc(
        "implicit flush_all in main.c",
        "implicit-function-declaration",
        {"src/main.c": _main("flush_all(@N@); return 0;")},
        "gcc -Werror -c src/main.c",
        unlike="unused in main.c",
    ),
    _gcc(
        "header zlibx.h",
        "compile error",
        {"src/main.c": '@PAD//@\n#include "zlibx.h"\nint main(void) { return @N@; }\n'},
        "gcc -c src/main.c",
    ),
    _gcc(
        "header curlx/curl.h",
        "compile error",
        {"src/main.c": "@PAD//@\n#include <curlx/curl.h>\nint x = @N@;\n"},
        "gcc -c src/main.c",
        unlike="header zlibx.h",
    ),
    _gcc("no file parser.c", "ENOENT", {}, "gcc -o app src/parser.c"),
    _gcc(
        "undefined flush_queue",
        "link error",
        {
            "main.c": _C
            + "void flush_queue(int);\nint main(void) { flush_queue(@N@); }\n"
        },
        "gcc -o app main.c",
    ),
    _gcc(
        "undefined open_queue",
        "link error",
        {"main.c": _C + "void open_queue(int);\nint main(void) { open_queue(@N@); }\n"},
        "gcc -o app main.c",
        unlike="undefined flush_queue",
    ),
    _gcc(
        "twice defined counter",
        "link error",
        {
            "a.c": "@PAD//@\nint counter = 1;\n",
            "main.c": _C + "int counter = @N@;\nint main(void) { return counter; }\n",
        },
        "gcc -o app main.c a.c",
    ),
    _gcc(
        "no library fastjson",
        "link error",
        {"main.c": _main("return @N@;")},
        "gcc -o app main.c -lfastjson",
    ),
    _gcc(
        "expected ; in main.c",
        "compile error",
        {"src/main.c": _main("int a = @N@ return a;")},
        "gcc -c src/main.c",
    ),
    _gcc(
        "worker segfault",
        "exit 139",
        {
            "main.c": _main("volatile int *p = 0; return *p;"),
            "run.sh": "@PAD#@\necho start @W@\n./worker @N@\n",
        },
        "gcc -w -o worker main.c && bash run.sh",
    ),
    _gcc(
        "indexer segfault",
        "exit 139",
        {
            "main.c": _main("volatile int *p = 0; return *p;"),
            "run.sh": "@PAD#@\necho start @W@\n./indexer @N@\n",
        },
        "gcc -w -o indexer main.c && bash run.sh",
        unlike="worker segfault",
    ),
    _gcc(
        "stats.c assert count > 0",
        "exit 134",
        {
            "stats.c": f"#include <assert.h>\n{_C}int mean(int count)"
            " { assert(count > 0); return count; }\n"
            "int main(void) { return mean(-@N@); }\n",
            "run.sh": "@PAD#@\n./stats @N@\n",
        },
        "gcc -w -o stats stats.c && bash run.sh",
    ),
    _gcc(
        "c++ out_of_range",
        "out_of_range",
        {
            "main.cpp": "@PAD//@\n#include <vector>\n"
            "int main() { std::vector<int> v(3); return v.at(@N@); }\n",
            "run.sh": "@PAD#@\n./table @W@\n",
        },
        "g++ -o table main.cpp && bash run.sh",
    ),
)
