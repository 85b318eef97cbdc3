"""Real causes of python scripts."""

from __future__ import annotations

from typing import Any

from trigger import Trigger, named


def _script(cause: str, family: str, files: dict[str, str], **more: Any) -> Trigger:
    more = {"command": "python app.py"} | more
    return named("python", cause, family, files=files, **more)


def _function(module: str, name: str, body: str) -> dict[str, str]:
    """A script whose function in another module raises."""
    return {
        "app.py": f"""
            @PAD#@
            from {module} import {name}
            def main():
                print("starting @W@")
                {name}("@W@", @N@)
            main()
            """,
        f"{module}.py": f"""
            import json, sqlite3, socket, subprocess, urllib.request
            @PAD#@
            def {name}(text, number):
                {body}
            """,
    }


_SQL = "sqlite3.connect(':memory:').execute('select @N@ from {}')"

PYTHON = (
    *(
        _script(
            f"no module {module}",
            "ModuleNotFoundError",
            {"app.py": f"@PAD#@\nimport {module}\n{module}.run(@N@)\n"},
            unlike=unlike,
        )
        for module, unlike in (
            ("flaskette", None),
            ("celerity.worker", "no module flaskette"),
        )
    ),
    *(
        _script(
            f"cannot import {name}",
            "ImportError",
            {
                "app.py": f"@PAD#@\nfrom models import {name}\n",
                "models.py": "@PAD#@\nclass User: pass\n",
            },
            unlike=unlike,
        )
        for name, unlike in (("Order", None), ("Invoice", "cannot import Order"))
    ),
    *(
        _script(
            f"SyntaxError in {module}",
            "SyntaxError",
            {
                "app.py": f"import {module}\n",
                f"{module}.py": "@PAD#@\ndef handle(x):\n    return (x + @N@\n",
            },
            unlike=unlike,
        )
        for module, unlike in (
            ("handlers", None),
            ("routes", "SyntaxError in handlers"),
        )
    ),
    _script(
        "IndentationError in routes",
        "IndentationError",
        {
            "app.py": "import routes\n",
            "routes.py": "@PAD#@\ndef get(x):\nreturn @N@\n",
        },
        unlike="SyntaxError in routes",
    ),
    _script(
        "orders.place missing customer",
        "TypeError",
        _function("orders", "place", "(lambda customer, total: 0)(total=number)"),
    ),
    *(
        _script(
            f"jobs.start name {name}",
            "NameError",
            _function("jobs", "start", f"return {name} + number"),
            unlike=unlike,
        )
        for name, unlike in (("cfg", None), ("queue_url", "jobs.start name cfg"))
    ),
    _script(
        "reader.read json.parse",
        "AttributeError",
        _function("reader", "read", "return json.parse(text)"),
    ),
    *(
        _script(
            f"{module}.mean by zero",
            "ZeroDivisionError",
            _function(module, "mean", "return number / len([])"),
            unlike=unlike,
        )
        for module, unlike in (("stats", None), ("report", "stats.mean by zero"))
    ),
    _script(
        "amounts.parse int",
        "ValueError",
        _function("amounts", "parse", "return int(text + ' EUR')"),
    ),
    *(
        _script(
            f"loader.load {name}",
            "FileNotFoundError",
            _function("loader", "load", f"return open('config/{name}').read()"),
            unlike=unlike,
        )
        for name, unlike in (
            ("settings.toml", None),
            ("secrets.toml", "loader.load settings.toml"),
        )
    ),
    _script(
        "tree.walk recursion",
        "RecursionError",
        _function("tree", "walk", "return walk(text, number + 1)"),
    ),
    _script(
        "feed.decode json",
        "JSONDecodeError",
        _function("feed", "decode", "return json.loads('{' + text)"),
        times=4,
    ),
    _script(
        "feed.raw unicode",
        "UnicodeDecodeError",
        _function("feed", "raw", "return (text.encode() + b'\\xff').decode('utf-8')"),
    ),
    _script(
        "probe.knock refused",
        "ConnectionRefusedError",
        _function("probe", "knock", "socket.create_connection(('127.0.0.1', @PORT@))"),
    ),
    *(
        _script(
            f"client.fetch HTTP {status}",
            "HTTPError",
            _function(
                "client",
                "fetch",
                f"return urllib.request.urlopen('@SERVER@/status/{status}/@HEX@')",
            ),
            unlike=unlike,
        )
        for status, unlike in ((404, None), (503, "client.fetch HTTP 404"))
    ),
    _script(
        "client.fetch URLError refused",
        "URLError",
        _function(
            "client",
            "fetch",
            "return urllib.request.urlopen('http://127.0.0.1:@PORT@/@HEX@')",
        ),
        unlike="client.fetch HTTP 404",
    ),
    _script(
        "runner.build timeout",
        "TimeoutExpired",
        _function("runner", "build", "subprocess.run(['sleep', '9'], timeout=0.@M@)"),
    ),
    *(
        _script(
            f"store.query no table {table}",
            "OperationalError",
            _function("store", "query", "return " + _SQL.format(table)),
            unlike=unlike,
        )
        for table, unlike in (
            ("users", None),
            ("invoices", "store.query no table users"),
        )
    ),
    _script(
        "worker.run WorkerFailed from OSError",
        "WorkerFailed",
        {
            "app.py": "@PAD#@\nimport worker\nworker.run('@W@')\n",
            "worker.py": """
                class WorkerFailed(RuntimeError): pass
                @PAD#@
                def run(name):
                    try:
                        open("/nonexistent/@HEX@")
                    except OSError as cause:
                        raise WorkerFailed(f"{name} gave up after @N@ s") from cause
                """,
        },
    ),
    _script(
        "assert in ledger.book",
        "AssertionError",
        _function("ledger", "book", "assert number < 0, f'{number} is not below 0'"),
    ),
    _script(
        "no file main_server.py",
        "ENOENT",
        {},
        command="python src/main_server.py --port @PORT@",
    ),
    *(
        _script(
            f"-m {module}",
            "python error",
            {},
            command=f"python -m {module} --port @PORT@",
            unlike=unlike,
            times=2,
        )
        for module, unlike in (("uvicornish", None), ("gunicornish", "-m uvicornish"))
    ),
)
