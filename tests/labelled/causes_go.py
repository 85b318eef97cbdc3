"""Real causes of go."""

from __future__ import annotations

from trigger import Trigger, named

_MOD = "module example.org/app\n\ngo 1.19\n"


def _go(
    cause: str,
    family: str,
    files: dict[str, str],
    *,
    command: str = "go build ./...",
    unlike: str | None = None,
) -> Trigger:
    return named(
        "go",
        cause,
        family,
        unlike=unlike,
        command=command,
        files={"go.mod": _MOD} | files,
    )


def _go_main(body: str, more: str = "") -> dict[str, str]:
    return {"main.go": f"package main\n\n{more}\n@PAD//@\nfunc main() {{\n{body}\n}}\n"}


def _go_test(name: str, body: str, file: str = "auth") -> dict[str, str]:
    head = 'package app\n\nimport "testing"\n\n@PAD//@\n'
    return {f"{file}_test.go": f"{head}func {name}(t *testing.T) {{\n{body}\n}}\n"}


GO = (
    *(
        _go(
            f"main.go undefined {name}",
            "compile error",
            _go_main(f"\tprintln({name}, @N@)"),
            unlike=unlike,
        )
        for name, unlike in (("total", None), ("weight", "main.go undefined total"))
    ),
    _go(
        "main.go unused os",
        "compile error",
        _go_main("\tprintln(@N@)", 'import "os"'),
        unlike="main.go undefined total",
    ),
    _go(
        "main.go int string",
        "compile error",
        _go_main('\tvar n int = "@W@"\n\tprintln(n)'),
        command="go vet ./...",
    ),
    *(
        _go(
            f"no module {name}",
            "go error",
            _go_main(f"\t{name}.Run(@N@)", f'import "example.org/dev/{name}"'),
            unlike=unlike,
        )
        for name, unlike in (("router", None), ("queue", "no module router"))
    ),
    _go(
        "not in GOROOT yamll",
        "go error",
        _go_main("\tyamll.Run(@N@)", 'import "yamll"'),
    ),
    _go("no go.mod", "go error", {"go.mod": ""}, command="rm go.mod; go build ./..."),
    *(
        _go(
            f"{file} {name}",
            "test failed",
            _go_test(name, '\tt.Errorf("got %d, want 200", @N@)', file),
            command="go test ./...",
            unlike=unlike,
        )
        for file, name, unlike in (
            ("auth", "TestLogin", None),
            ("auth", "TestLogout", "auth TestLogin"),
            ("db", "TestLogin", "auth TestLogin"),
        )
    ),
    _go(
        "TestSlow timeout",
        "timeout",
        {
            "slow_test.go": "package app\n\n"
            'import (\n\t"testing"\n\t"time"\n)\n@PAD//@\n'
            "func TestSlow(t *testing.T) { time.Sleep(9 * time.Second) }\n"
        },
        command="go test -timeout 3@M@ms ./...",
    ),
    _go(
        "table.go index",
        "panic",
        {
            "main.go": "package main\n\nfunc main() { pick(@N@) }\n",
            "table.go": "package main\n@PAD//@\nfunc pick(n int) int {\n"
            "\trow := []int{1}\n\treturn row[n+1]\n}\n",
        },
        command="go run .",
    ),
    _go(
        "grid.go index",
        "panic",
        {
            "main.go": "package main\n\nfunc main() { cell(@N@) }\n",
            "grid.go": "package main\n@PAD//@\nfunc cell(n int) int {\n"
            "\trow := []int{1}\n\treturn row[n+1]\n}\n",
        },
        command="go run .",
        unlike="table.go index",
    ),
    _go(
        "user.go nil",
        "panic",
        {
            "main.go": "package main\n\nfunc main() { println(label(nil)) }\n",
            "user.go": "package main\n@PAD//@\ntype user struct{ name string }\n\n"
            "func label(u *user) string {\n\treturn u.name\n}\n",
        },
        command="go run .",
    ),
)
