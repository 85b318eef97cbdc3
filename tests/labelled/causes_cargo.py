"""Real causes of cargo and rustc."""

from __future__ import annotations

from trigger import Trigger, named

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
    return named(
        "cargo",
        cause,
        family,
        unlike=unlike,
        command=command,
        files={"Cargo.toml": _APP, "src/lib.rs": ""} | files,
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
