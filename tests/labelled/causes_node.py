"""Real causes of node."""

from __future__ import annotations

from typing import Any

from trigger import Trigger, named


def _node(cause: str, family: str, files: dict[str, str], **more: Any) -> Trigger:
    more = {"command": "node src/app.js"} | more
    return named("node", cause, family, files=files, **more)


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
            "  return (async () => {"
            " throw new SyncError(`peer ${text} ${number}`); })();",
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
