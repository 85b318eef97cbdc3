"""Real causes of unittest, mypy and ruff."""

from __future__ import annotations

from trigger import Trigger

UNITTEST = tuple(
    Trigger(
        tool="unittest",
        cause=f"unittest:{module}.{test}.{family}",
        family=family,
        unlike=unlike,
        command=("python -m unittest -v", "python -m unittest"),
        files={
            f"{module}.py": f"""
                import unittest
                @PAD#@
                class CartTest(unittest.TestCase):
                    def {test}(self):
                        {body}
                """
        },
    )
    for module, test, family, body, unlike in (
        ("test_cart", "test_total", "AssertionError", "self.assertEqual(@N@, 1)", None),
        (
            "test_cart",
            "test_tax",
            "AssertionError",
            "self.assertEqual(@N@, 1)",
            "unittest:test_cart.test_total.AssertionError",
        ),
        ("test_mean", "test_empty", "ZeroDivisionError", "@N@ / len([])", None),
    )
)


MYPY = tuple(
    Trigger(
        tool="mypy",
        cause=f"mypy:{module}.{code}",
        family=code,
        unlike=unlike,
        needs=("mypy",),
        command="mypy --cache-dir=/dev/null src",
        files={f"src/{module}.py": f"@PAD#@\n{body}\n"},
    )
    for module, code, body, unlike in (
        ("orders", "arg-type", "def f(x: int) -> int:\n    return x\nf('@W@')", None),
        (
            "carts",
            "arg-type",
            "def f(x: int) -> int:\n    return x\nf('@W@')",
            "mypy:orders.arg-type",
        ),
        (
            "orders",
            "return-value",
            "def f(x: int) -> int:\n    return '@W@'",
            "mypy:orders.arg-type",
        ),
        ("orders", "attr-defined", "import json\njson.parse('@W@')", None),
    )
)

RUFF = tuple(
    Trigger(
        tool="ruff",
        cause=f"ruff:{module}.{code}",
        family=code,
        unlike=unlike,
        needs=("ruff",),
        command=(
            "ruff check --isolated --no-cache",
            "ruff check --isolated --no-cache --output-format concise",
        ),
        files={f"src/{module}.py": f"@PAD#@\n{body}\n"},
    )
    for module, code, body, unlike in (
        ("views", "F401", "import os", None),
        ("forms", "F401", "import os", "ruff:views.F401"),
        ("views", "F821", "print(request, @M@)", "ruff:views.F401"),
    )
)
