"""Real causes of the test runners and the linter of node's world."""

from __future__ import annotations

from trigger import Trigger

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
            "api.test.js": "@PAD//@\n"
            "const x = require('axioss');\ntest('@W@', () => {});\n",
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
            ("cart", "no-unused-vars", "const total = @N@;", None),
            ("tax", "no-unused-vars", "const total = @N@;", "cart.no-unused-vars"),
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
