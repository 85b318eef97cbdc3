"""Real causes of tsc."""

from __future__ import annotations

from trigger import Trigger

_USER = "interface User { id: number }\n"
_TYPES = tuple(
    Trigger(
        tool="tsc",
        cause=f"tsc:{module}.{code}{symbol}",
        family=code,
        unlike=unlike and f"tsc:{unlike}",
        needs=("tsc",),
        command=(
            f"tsc --noEmit --strict src/{module}.ts",
            f"tsc --noEmit --strict --pretty src/{module}.ts",
            f"tsc --noEmit --strict --pretty false src/{module}.ts",
        ),
        files={f"src/{module}.ts": f"@PAD//@\n{body}\nexport {{}};\n"},
    )
    for module, code, symbol, body, unlike in (
        ("auth", "TS2322", "", "const a@M@: number = 'x@N@';", None),
        ("cart", "TS2322", "", "const a@M@: number = 'x@N@';", "auth.TS2322"),
        ("auth", "TS2304", " session", "console.log(session, @N@);", "auth.TS2322"),
        (
            "auth",
            "TS2304",
            " tokens",
            "console.log(tokens, @N@);",
            "auth.TS2304 session",
        ),
        ("api", "TS2307", " zodd", "import z from 'zodd'; z(@N@);", None),
        (
            "api",
            "TS2307",
            " axioss",
            "import z from 'axioss'; z(@N@);",
            "api.TS2307 zodd",
        ),
        (
            "api",
            "TS2345",
            "",
            "function send(x: number) { return x; }\nsend('@W@');",
            "api.TS2307 zodd",
        ),
        (
            "user",
            "TS2339",
            " mail",
            _USER + "export const f = (u: User) => u.mail + @N@;",
            None,
        ),
        (
            "user",
            "TS2339",
            " phone",
            _USER + "export const f = (u: User) => u.phone + @N@;",
            "user.TS2339 mail",
        ),
        ("form", "TS1005", "", "const x@M@ = [1, 2;", None),
    )
)
TSC = (
    *_TYPES,
    Trigger(
        tool="tsc",
        cause="tsc:no tsconfig.build.json",
        family="TS5058",
        needs=("tsc",),
        command="tsc -p tsconfig.build.json",
        times=2,
    ),
)
