"""Real causes of node, tsc, and the test runners and linters of that world."""

from __future__ import annotations

from bench import Trigger


def _node(
    cause: str,
    family: str,
    files: dict[str, str],
    *,
    unlike: str | None = None,
    command: str = "node src/app.js",
    before: str = "",
) -> Trigger:
    return Trigger(
        tool="node",
        cause=f"node:{cause}",
        family=family,
        files=files,
        unlike=unlike and f"node:{unlike}",
        command=command,
        before=before,
    )


def _function(module: str, name: str, body: str) -> dict[str, str]:
    return {
        "src/app.js": f"""
            @PAD//@
            const {{ {name} }} = require('./{module}');
            console.log('start @W@');
            {name}('@W@', @N@);
            """,
        f"src/{module}.js": f"""
            @PAD//@
            function {name}(text, number) {{
              {body}
            }}
            module.exports = {{ {name} }};
            """,
    }


NODE = (
    *(
        _node(
            f"{module}.{name} undefined.{symbol}",
            "TypeError",
            _function(module, name, f"return undefined.{symbol} + number;"),
            unlike=unlike,
        )
        for module, name, symbol, unlike in (
            ("cart", "total", "price", None),
            ("cart", "total", "weight", "cart.total undefined.price"),
            ("user", "greet", "price", "cart.total undefined.price"),
        )
    ),
    _node(
        "queue.push not a function",
        "TypeError",
        _function("queue", "push", "return [].pushAll(text);"),
    ),
    *(
        _node(
            f"jobs.start {name} not defined",
            "ReferenceError",
            _function("jobs", "start", f"return {name} + number;"),
            unlike=unlike,
        )
        for name, unlike in (
            ("config", None),
            ("queueUrl", "jobs.start config not defined"),
        )
    ),
    _node(
        "SyntaxError in routes.js",
        "SyntaxError",
        {
            "src/app.js": "@PAD//@\nrequire('./routes');\n",
            "src/routes.js": "@PAD//@\nconst x = {a: @N@;\n",
        },
    ),
    *(
        _node(
            f"no module {module}",
            "MODULE_NOT_FOUND",
            {"src/app.js": f"@PAD//@\nconst x = require('{module}'); x(@N@);\n"},
            unlike=unlike,
        )
        for module, unlike in (
            ("expresso", None),
            ("lodashy/fp", "no module expresso"),
        )
    ),
    _node(
        "no package koaish",
        "ERR_MODULE_NOT_FOUND",
        {"src/app.mjs": "@PAD//@\nimport koa from 'koaish'; koa(@N@);\n"},
        command="node src/app.mjs",
    ),
    _node("no file server.js", "MODULE_NOT_FOUND", {}, command="node dist/server.js"),
    _node(
        "busy port",
        "EADDRINUSE",
        {
            "src/app.js": """
                @PAD//@
                require('http').createServer().listen(@BUSY@, '127.0.0.1');
                """
        },
    ),
    _node(
        "refused",
        "ECONNREFUSED",
        {"src/app.js": "@PAD//@\nrequire('net').connect(@PORT@, '127.0.0.1');\n"},
        unlike="busy port",
    ),
    *(
        _node(
            f"settings.load ENOENT {name}",
            "ENOENT",
            _function(
                "settings", "load", f"require('fs').readFileSync('config/{name}');"
            ),
            unlike=unlike,
        )
        for name, unlike in (
            ("local.json", None),
            ("keys.json", "settings.load ENOENT local.json"),
        )
    ),
    _node(
        "feed.parse JSON",
        "SyntaxError",
        _function("feed", "parse", "return JSON.parse('{\"k@N@\": ' + text);"),
        unlike="SyntaxError in routes.js",
    ),
    _node(
        "tree.walk stack",
        "RangeError",
        _function("tree", "walk", "return walk(text, number + 1);"),
    ),
    _node(
        "billing.charge PaymentError",
        "PaymentError",
        _function(
            "billing",
            "charge",
            "class PaymentError extends Error { constructor(m) { super(m);"
            " this.name = 'PaymentError'; } }\n  throw new PaymentError("
            "`card ${number} declined for ${text}`);",
        ),
    ),
    _node(
        "sync.pull unhandled rejection",
        "SyncError",
        _function(
            "sync",
            "pull",
            "class SyncError extends Error { get name() { return 'SyncError'; } }\n"
            "  return (async () => { throw new SyncError(`peer ${text} ${number}`); })();",
        ),
    ),
    _node(
        "node:test carries",
        "AssertionError",
        {
            "cart.test.js": """
                const test = require('node:test');
                const assert = require('node:assert');
                @PAD//@
                test('carries the tax', () => { assert.strictEqual(@N@, 1); });
                """
        },
        command="node --test",
    ),
    _node(
        "node:test rounds",
        "AssertionError",
        {
            "cart.test.js": """
                const test = require('node:test');
                const assert = require('node:assert');
                @PAD//@
                test('rounds down', () => { assert.strictEqual(@N@, 1); });
                """
        },
        command="node --test",
        unlike="node:test carries",
    ),
)

TSC = tuple(
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
            "interface User { id: number }\nexport const f = (u: User) => u.mail + @N@;",
            None,
        ),
        (
            "user",
            "TS2339",
            " phone",
            "interface User { id: number }\nexport const f = (u: User) => u.phone + @N@;",
            "user.TS2339 mail",
        ),
        ("form", "TS1005", "", "const x@M@ = [1, 2;", None),
    )
) + (
    Trigger(
        tool="tsc",
        cause="tsc:no tsconfig.build.json",
        family="TS5058",
        needs=("tsc",),
        command="tsc -p tsconfig.build.json",
        times=2,
    ),
)

_JEST = "const {sum} = require('./sum');\n@PAD//@\n"
RUNNERS = (
    *(
        Trigger(
            tool="jest",
            cause=f"jest:{file}.{test}",
            family=family,
            unlike=unlike and f"jest:{unlike}",
            needs=("jest",),
            command=("jest --rootDir .", "jest --rootDir . --verbose", "CI=1 jest"),
            files={
                "package.json": '{"name": "app", "jest": {}}',
                "sum.js": "exports.sum = (a, b) => a + b;\n",
                f"{file}.test.js": _JEST + f"test('{test}', () => {{ {body} }});\n",
            },
        )
        for file, test, family, body, unlike in (
            ("sum", "adds two", "test failed", "expect(sum(1, @N@)).toBe(0);", None),
            (
                "sum",
                "adds none",
                "test failed",
                "expect(sum(1, @N@)).toBe(0);",
                "sum.adds two",
            ),
            (
                "user",
                "greets",
                "TypeError",
                "const user = null; expect(user.name).toBe('@W@');",
                None,
            ),
        )
    ),
    Trigger(
        tool="jest",
        cause="jest:no module axioss",
        family="MODULE_NOT_FOUND",
        needs=("jest",),
        command="jest --rootDir .",
        files={
            "package.json": '{"name": "app", "jest": {}}',
            "api.test.js": "@PAD//@\nconst x = require('axioss');\ntest('@W@', () => {});\n",
        },
    ),
    *(
        Trigger(
            tool="mocha",
            cause=f"mocha:{test}",
            family="AssertionError",
            unlike=unlike and f"mocha:{unlike}",
            needs=("mocha",),
            command="mocha test",
            files={
                "test/cart.js": f"""
                    const assert = require('assert');
                    @PAD//@
                    describe('cart', () => {{
                      it('{test}', () => {{ assert.strictEqual(@N@, 1); }});
                    }});
                    """
            },
        )
        for test, unlike in (("sums up", None), ("takes off", "sums up"))
    ),
    *(
        Trigger(
            tool="vitest",
            cause=f"vitest:{test}",
            family=family,
            unlike=unlike and f"vitest:{unlike}",
            needs=("vitest",),
            command="vitest run",
            before="mkdir -p node_modules; ln -s @TOOLS@/node_modules/* node_modules/",
            files={
                "package.json": '{"name": "app", "type": "module"}',
                f"src/{file}.test.js": f"""
                    import {{ expect, it }} from 'vitest';
                    @PAD//@
                    it('{test}', () => {{ {body} }});
                    """,
            },
        )
        for file, test, family, body, unlike in (
            ("cart", "sums", "AssertionError", "expect(@N@).toBe(1);", None),
            ("tax", "rounds", "AssertionError", "expect(@N@).toBe(1);", "sums"),
            ("tax", "reads", "TypeError", "undefined.rate(@N@);", "rounds"),
        )
    ),
    *(
        Trigger(
            tool="eslint",
            cause=f"eslint:{file}.{rule}",
            family=rule,
            unlike=unlike and f"eslint:{unlike}",
            needs=("eslint",),
            command=("eslint src", "eslint ."),
            files={
                "eslint.config.js": f"module.exports = [{{rules: {{'{rule}': 2}}}}];\n",
                f"src/{file}.js": f"@PAD//@\n{body}\n",
            },
        )
        for file, rule, body, unlike in (
            ("cart", "no-unused-vars", "const total@M@ = 1;", None),
            ("tax", "no-unused-vars", "const total@M@ = 1;", "cart.no-unused-vars"),
            ("cart", "eqeqeq", "if (1 == @N@) { alert(1); }", "cart.no-unused-vars"),
        )
    ),
    Trigger(
        tool="eslint",
        cause="eslint:no config",
        family="eslint error",
        needs=("eslint",),
        command="eslint src",
        files={"src/a.js": "let a = @N@;\n"},
        times=2,
    ),
)
