"""Real causes of gcc, rustc and cargo, go, java and javac."""

from __future__ import annotations

from bench import Trigger

_C = "#include <stdio.h>\n#include <stdlib.h>\n@PAD//@\n"


def _gcc(
    cause: str,
    family: str,
    files: dict[str, str],
    command: str,
    *,
    unlike: str | None = None,
) -> Trigger:
    return Trigger(
        tool="gcc",
        cause=f"gcc:{cause}",
        family=family,
        files=files,
        command=command,
        unlike=unlike and f"gcc:{unlike}",
        needs=("gcc", "g++"),
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

_TOML = (
    '[package]\nname = "{}"\nversion = "0.@M@.0"\nedition = "2021"\n[dependencies]\n'
)
_APP = _TOML.format("app")


def _cargo(
    cause: str,
    family: str,
    files: dict[str, str],
    *,
    command: str = "cargo build -q",
    unlike: str | None = None,
) -> Trigger:
    return Trigger(
        tool="cargo",
        cause=f"cargo:{cause}",
        family=family,
        command=command,
        unlike=unlike and f"cargo:{unlike}",
        files={"Cargo.toml": _APP, "src/lib.rs": ""} | files,
        needs=("cargo",),
    )


def _lib(body: str) -> dict[str, str]:
    return {"src/lib.rs": f"@PAD//@\n{body}\n"}


def _test(name: str, body: str) -> dict[str, str]:
    return _lib(f"#[test]\nfn {name}() {{ {body} }}")


CARGO = (
    _cargo(
        "lib.rs E0382",
        "E0382",
        _lib('pub fn f() { let s = String::from("@W@"); drop(s); drop(s); }'),
        command="cargo build",
    ),
    _cargo("lib.rs E0308", "E0308", _lib('pub fn f() -> u8 { "@W@" }')),
    _cargo(
        "cart.rs E0308",
        "E0308",
        {
            "src/lib.rs": "pub mod cart;\n",
            "src/cart.rs": '@PAD//@\npub fn f() -> u8 { "@W@" }\n',
        },
        unlike="lib.rs E0308",
    ),
    *(
        _cargo(
            f"lib.rs E0425 {name}",
            "E0425",
            _lib(f"pub fn f() -> u32 {{ {name} + @M@ }}"),
            unlike=unlike,
        )
        for name, unlike in (("total", None), ("budget", "lib.rs E0425 total"))
    ),
    *(
        _cargo(
            f"lib.rs E0432 {name}",
            "E0432",
            _lib(f"use {name}::Value;\npub fn f(_: Value) -> u32 {{ @N@ }}"),
            unlike=unlike,
        )
        for name, unlike in (("serdee", None), ("tokioo", "lib.rs E0432 serdee"))
    ),
    _cargo("lib.rs E0277 u32+str", "E0277", _lib('pub fn f() -> u32 { @N@u32 + "1" }')),
    _cargo(
        "lib.rs E0599 pushh",
        "E0599",
        _lib("pub fn f() { let mut v = vec![@N@]; v.pushh(1); }"),
        unlike="lib.rs E0277 u32+str",
    ),
    _cargo("lib.rs syntax", "compile error", _lib("pub fn f( { @N@ }")),
    *(
        _cargo(
            f"test {name}",
            "panic",
            _test(name, body),
            command="cargo test -q",
            unlike=unlike,
        )
        for name, body, unlike in (
            ("adds", "assert_eq!(@N@, 1);", None),
            ("subtracts", "assert_eq!(@N@, 1);", "test adds"),
            ("opens", "let x: Option<u8> = None; x.unwrap();", None),
        )
    ),
    *(
        _cargo(
            f"main panic {module}",
            "panic",
            {
                "src/main.rs": f"mod {module};\nfn main() {{ {module}::go(@N@); }}\n",
                f"src/{module}.rs": "@PAD//@\npub fn go(n: usize) {\n"
                '    let v = vec![1, 2, 3];\n    println!("{}", v[n + 3]);\n}\n',
            },
            command="cargo run -q",
            unlike=unlike,
        )
        for module, unlike in (("table", None), ("grid", "main panic table"))
    ),
    *(
        _cargo(
            f"no package {name}",
            "cargo error",
            {"Cargo.toml": f'{_APP}{name} = "1.@M@"\n'},
            command="cargo build --offline",
            unlike=unlike,
        )
        for name, unlike in (("serdee", None), ("tokioo", "no package serdee"))
    ),
    _cargo("no such command nextestt", "cargo error", {}, command="cargo nextestt run"),
    _cargo("no bin server", "cargo error", {}, command="cargo run --bin server"),
    _cargo(
        "bad manifest",
        "cargo error",
        {"Cargo.toml": '@PAD#@\n[package\nname = "x"\n'},
        command="cargo check",
    ),
    _cargo(
        "undefined drain_queue",
        "link error",
        {
            "src/main.rs": '@PAD//@\nextern "C" { fn drain_queue(n: i32); }\n'
            "fn main() { unsafe { drain_queue(@M@) } }\n"
        },
    ),
)

_MOD = "module example.org/app\n\ngo 1.19\n"


def _go(
    cause: str,
    family: str,
    files: dict[str, str],
    *,
    command: str = "go build ./...",
    unlike: str | None = None,
) -> Trigger:
    return Trigger(
        tool="go",
        cause=f"go:{cause}",
        family=family,
        command=command,
        unlike=unlike and f"go:{unlike}",
        files={"go.mod": _MOD} | files,
        needs=("go",),
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
        _go_test("TestSlow", "\tselect {}", "slow").copy()
        | {
            "slow_test.go": 'package app\n\nimport (\n\t"testing"\n\t"time"\n)\n@PAD//@\n'
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

_CLASS = "@PAD//@\npublic class {} {{\n{}\n}}\n"


def _javac(
    cause: str, body: str, *, unlike: str | None = None, name: str = "Cart"
) -> Trigger:
    return Trigger(
        tool="javac",
        cause=f"javac:{cause}",
        family="compile error",
        command=f"javac src/{name}.java",
        files={f"src/{name}.java": _CLASS.format(name, body)},
        unlike=unlike and f"javac:{unlike}",
        needs=("javac",),
    )


def _java(
    cause: str,
    family: str,
    cart: str,
    *,
    more: str = "",
    unlike: str | None = None,
    options: str = "",
) -> Trigger:
    main = (
        "  public static void main(String[] a) { System.out.println(Cart.total(@N@)); }"
    )
    return Trigger(
        tool="java",
        cause=f"java:{cause}",
        family=family,
        command=f"javac *.java && java {options} Main",
        files={
            "Main.java": _CLASS.format("Main", main),
            "Cart.java": _CLASS.format("Cart", cart) + more,
        },
        unlike=unlike and f"java:{unlike}",
        needs=("javac", "java"),
    )


def _method(body: str, name: str = "total") -> str:
    call = (
        "" if name == "total" else f"static int total(int n) {{ return {name}(n); }}\n"
    )
    return f"  {call}  static int {name}(int n) {{\n    {body}\n  }}"


JAVA = (
    *(
        _javac(
            f"Cart.java symbol {name}",
            f"  static int total() {{ return {name} + @N@; }}",
            unlike=unlike,
        )
        for name, unlike in (("price", None), ("weight", "Cart.java symbol price"))
    ),
    _javac("Cart.java String to int", '  int total = "@W@";'),
    _javac(
        "Tax.java String to int",
        '  int total = "@W@";',
        name="Tax",
        unlike="Cart.java String to int",
    ),
    _javac(
        "Cart.java package org.acme.json",
        "  org.acme.json.Reader reader@M@;",
        unlike="Cart.java symbol price",
    ),
    _java(
        "Cart.total null",
        "NullPointerException",
        _method('String s = n > 0 ? null : ""; return s.length();'),
    ),
    _java(
        "Cart.weigh null",
        "NullPointerException",
        _method('String s = n > 0 ? null : ""; return s.length();', "weigh"),
        unlike="Cart.total null",
    ),
    _java(
        "Cart.total by zero",
        "ArithmeticException",
        _method("return n / (n - n);"),
        unlike="Cart.total null",
    ),
    _java(
        "Cart.total number format",
        "NumberFormatException",
        _method('return Integer.parseInt("@W@" + n + "x");'),
    ),
    _java(
        "Cart.total CheckoutException",
        "CheckoutException",
        _method(
            'try { return Integer.parseInt("@W@" + "y"); }'
            ' catch (Exception e) { throw new CheckoutException("order " + n, e); }'
        ),
        more="class CheckoutException extends RuntimeException { CheckoutException("
        "String m, Throwable c) { super(m, c); } }\n",
    ),
    _java(
        "Cart.total memory",
        "OutOfMemoryError",
        _method(
            "byte[][] all = new byte[9999][]; for (int i = 0; i < 9999; i++)"
            " all[i] = new byte[1 << 20]; return n;"
        ),
        options="-Xmx1@M@m",
    ),
    _java(
        "Cart.total stack",
        "StackOverflowError",
        _method("return total(n + 1) + 1;"),
        options="-XX:MaxJavaStackTraceDepth=12",
    ),
    *(
        Trigger(
            tool="java",
            cause=f"java:no class {name}",
            family="ClassNotFoundException",
            command=f"java -Xmx@M@m -cp . {name}",
            unlike=unlike,
            needs=("java",),
        )
        for name, unlike in (
            ("org.shop.Main", None),
            ("org.shop.Worker", "java:no class org.shop.Main"),
        )
    ),
    Trigger(
        tool="java",
        cause="java:no jar app.jar",
        family="java error",
        command="java -Xmx@M@m -jar target/app.jar",
        needs=("java",),
        times=2,
    ),
)
