"""Real clean outputs: tools that end well, however often they say "error"."""

from __future__ import annotations

from typing import Any

from trigger import Trigger

_TRACE = (
    "Traceback (most recent call last):\\n"
    '  File "/srv/app/cart.py", line @N@, in total\\n'
    "    return price / count\\n"
    "ZeroDivisionError: division by zero\\n"
)
_CODE = """
    @PAD#@
    class AuthError(Exception):
        pass

    def load(path):
        try:
            return open(path).read()
        except FileNotFoundError as error:
            raise AuthError(f"error: {path} @W@") from error
    """
_TESTS = """
    import pytest
    @PAD#@
    @pytest.mark.parametrize("code", [404, 500, @N@])
    def test_error_handling(code):
        assert code
    def test_raises_value_error():
        with pytest.raises(ValueError):
            int("@W@")
    def test_connection_refused_is_retried(): pass
    """
_COMMIT = "git init -q -b main . && git add -A && git commit -qm"


def _clean(
    tool: str,
    command: str | tuple[str, ...],
    files: dict[str, str] | None = None,
    **more: Any,
) -> Trigger:
    settled: dict[str, Any] = {"times": 2, "needs": (tool,)} | more
    return Trigger(tool=tool, command=command, files=files or {}, **settled)


PLAIN = (
    _clean(
        "pytest", ("pytest -v", "pytest"), {"tests/test_errors.py": _TESTS}, times=4
    ),
    _clean("pytest", "pytest -q", {"tests/test_failures.py": _TESTS}),
    _clean(
        "unittest",
        "python -m unittest -v",
        {
            "test_errors.py": "import unittest\nclass ErrorTest(unittest.TestCase):\n"
            "    def test_fatal_error(self): pass\n"
            "    def test_failed_login_raises(self): pass\n"
        },
        needs=("python",),
    ),
    _clean(
        "python",
        "python -W always app.py",
        {
            "app.py": "import warnings\n@PAD#@\n"
            "warnings.warn('error_rate is deprecated, use @W@', DeprecationWarning)\n"
            "print('checked @N@ rows, 0 errors')\n"
        },
    ),
    _clean(
        "mypy",
        "mypy --cache-dir=/dev/null src",
        {"src/errors.py": "@PAD#@\nclass NotFound(Exception):\n    pass\n"},
    ),
    _clean(
        "ruff",
        "ruff check --isolated --no-cache",
        {"src/a.py": "@PAD#@\nx = @N@\n"},
    ),
    _clean(
        "node",
        "node --test",
        {
            "errors.test.js": "const test = require('node:test');\n@PAD//@\n"
            "test('throws TypeError on null', () => {});\n"
            "test('reports ECONNREFUSED once', () => {});\n"
        },
    ),
    _clean(
        "jest",
        ("jest --rootDir . --verbose", "jest --rootDir ."),
        {
            "package.json": '{"name": "app", "jest": {}}',
            "error.test.js": "@PAD//@\n"
            "test('handles error: timeout of @N@ ms', () => {});\n"
            "test('fails on 404', () => {});\n",
        },
    ),
    _clean(
        "mocha",
        "mocha test",
        {
            "test/errors.js": "@PAD//@\ndescribe('error handler', () => {\n"
            "  it('rejects a failed login with 401', () => {});\n"
            "  it('does not throw Error: @W@', () => {});\n});\n"
        },
    ),
    _clean(
        "gcc",
        "gcc -Wall -c src/errors.c && echo built errors.o @N@",
        {
            "src/errors.c": "@PAD//@\n"
            "int on_error(void) { int error@M@ = 1; return 0; }\n"
        },
    ),
    _clean(
        "cargo",
        ("cargo build", "cargo test"),
        {
            "Cargo.toml": '[package]\nname = "errors"\nversion = "0.@M@.0"\n'
            'edition = "2021"\n',
            "src/lib.rs": "@PAD//@\nfn unused_error() {}\n#[cfg(test)]\nmod tests {\n"
            "    #[test]\n    fn panics_are_caught() {}\n"
            '    #[test]\n    #[should_panic]\n    fn fails() { panic!("@W@") }\n}\n',
        },
    ),
    _clean(
        "go",
        ("go test -v ./...", "go test ./..."),
        {
            "go.mod": "module example.org/errs\n\ngo 1.19\n",
            "errs_test.go": 'package errs\n\nimport "testing"\n\n@PAD//@\n'
            'func TestErrorPath(t *testing.T) { t.Log("error: @W@ was expected") }\n'
            "func TestPanicIsCaught(t *testing.T) {}\n",
        },
    ),
    _clean(
        "make",
        "make",
        {"Makefile": "@PAD#@\nall:\n\t@echo '0 errors, 0 warnings (@N@ files)'\n"},
    ),
    _clean(
        "git",
        "git log --oneline",
        {"a.py": "x = @N@\n"},
        before=f"{_COMMIT} 'Fix TypeError in cart total'; git commit -q --allow-empty"
        " -m 'Handle error: connection refused (@W@)'; git commit -q --allow-empty"
        " -m 'Do not crash on fatal: not a git repository'",
    ),
    _clean(
        "git",
        ("git push origin main", "git status"),
        {"errors.py": "x = @N@\n"},
        before=f"{_COMMIT} 'error pages'; git init -q --bare o.git;"
        " git remote add origin $PWD/o.git",
    ),
    _clean(
        "grep",
        "grep -rn -i error src",
        {"src/errors.py": _CODE},
    ),
    _clean(
        "curl",
        ("curl -sS @SERVER@/status/200/errors", "curl -sSi @SERVER@/status/200"),
    ),
    _clean(
        "npm",
        "npm run lint",
        {
            "package.json": '{"name": "app", "version": "1.@M@.0", "scripts": '
            '{"lint": "echo 0 errors and @N@ warnings"}}'
        },
    ),
    _clean(
        "npm",
        "npm install --no-audit --no-fund --registry @SERVER@/npm",
        {"package.json": '{"name": "errors", "version": "1.@M@.0"}'},
    ),
    _clean(
        "javac",
        "javac -Xlint:all src/Errors.java && echo built @N@ classes, 0 errors",
        {
            "src/Errors.java": "@PAD//@\n"
            "import java.util.List;\npublic class Errors {\n"
            "  static List raw() { return List.of(@N@); }\n}\n"
        },
    ),
)
"""Clean to anyone who reads the text alone."""

WITHIN = (
    _clean(
        "cat",
        "cat logs/crash.log",
        {"logs/crash.log": "x"},
        before=f"printf '{_TRACE}' > logs/crash.log",
    ),
    _clean("cat", "cat src/errors.py", {"src/errors.py": _CODE}),
    _clean(
        "tail",
        "tail -n 20 server.log",
        {
            "server.log": "INFO ready on port @PORT@\n"
            "ERROR request @HEX@ failed: TypeError: Cannot read properties of null\n"
            "    at total (/srv/app/cart.js:@M@:12)\nINFO retried request @HEX@\n"
        },
    ),
    _clean(
        "git",
        ("git diff", "git diff --stat; git diff -U1"),
        {"docs/faq.md": "@PAD#@\nNothing yet.\n"},
        before=f"{_COMMIT} docs; printf '{_TRACE}' >> docs/faq.md",
    ),
    _clean(
        "git",
        "git show",
        {"a.txt": "@N@\n"},
        before=f"{_COMMIT} 'Fix crash\n\nerror[E0382]: use of moved value: `cart`\n"
        "npm error code ERESOLVE'",
    ),
    _clean(
        "grep",
        "grep -rn 'Error' logs",
        {
            "logs/api.log": "@PAD#@\nValueError: invalid literal for int(): '@W@'\n"
            "Error: listen EADDRINUSE: address already in use :::@PORT@\n"
        },
    ),
    _clean("bash", "terraformm apply 2>&1 || true"),
    _clean("bash", "ls dist/@N@ 2>&1 || echo not built yet"),
)
"""Clean because the command ended well: kept in a tool_result without error."""
