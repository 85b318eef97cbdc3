"""Real causes of pytest."""

from __future__ import annotations

from trigger import Trigger

_STYLES = (
    "pytest -q",
    "pytest",
    "pytest -x --tb=short",
    "python -m pytest -v 2>&1 | cat; exit ${PIPESTATUS[0]}",
)
_TAILED = (
    "pytest -q",
    "set -o pipefail; pytest -q 2>&1 | tail -3",
    "pytest -v --tb=short",
    "set -o pipefail; pytest --tb=short 2>&1 | tail -12",
)
_AUTH = """
    @PAD#@
    def status(name):
        return @N@

    def test_other():
        assert 1

    @PAD#@
    def test_login():
        assert status("@W@") == 200
"""

PYTEST = (
    Trigger(
        tool="pytest",
        cause="pytest:test_auth.test_login",
        family="AssertionError",
        command=_TAILED,
        files={"tests/test_auth.py": _AUTH},
        times=4,
    ),
    Trigger(
        tool="pytest",
        cause="pytest:test_auth.test_logout",
        family="AssertionError",
        unlike="pytest:test_auth.test_login",
        command=_TAILED,
        files={"tests/test_auth.py": _AUTH.replace("test_login", "test_logout")},
        times=4,
    ),
    Trigger(
        tool="pytest",
        cause="pytest:test_db.test_login",
        family="AssertionError",
        unlike="pytest:test_auth.test_login",
        command=_TAILED,
        files={"tests/test_db.py": _AUTH},
        times=4,
    ),
    Trigger(
        tool="pytest",
        cause="pytest:cart.total.KeyError",
        family="KeyError",
        command=_STYLES,
        files={
            "cart.py": """
                @PAD#@
                PRICES = {"tea": 3}
                def total(items):
                    return sum(PRICES[item] for item in items)
                """,
            "tests/test_cart.py": """
                import sys; sys.path.insert(0, ".")
                from cart import total
                @PAD#@
                def test_total():
                    assert total(["sku-@HEX@"]) == @N@
                """,
        },
    ),
    Trigger(
        tool="pytest",
        cause="pytest:cart.discount.KeyError",
        family="KeyError",
        unlike="pytest:cart.total.KeyError",
        command=_STYLES,
        files={
            "cart.py": """
                @PAD#@
                RATES = {"gold": 3}
                def discount(level):
                    return RATES[level]
                """,
            "tests/test_cart.py": """
                import sys; sys.path.insert(0, ".")
                from cart import discount
                @PAD#@
                def test_discount():
                    assert discount("level-@HEX@") == @N@
                """,
        },
    ),
    *(
        Trigger(
            tool="pytest",
            cause=f"pytest:user.label.None.{symbol}",
            family="AttributeError",
            unlike=unlike,
            command=_STYLES,
            files={
                "user.py": f"""
                    @PAD#@
                    def find(key): return None
                    def label(key):
                        return find(key).{symbol}.title()
                    """,
                "test_user.py": """
                    from user import label
                    def test_label():
                        assert label("@W@") == "X"
                    """,
            },
        )
        for symbol, unlike in (
            ("name", None),
            ("email", "pytest:user.label.None.name"),
        )
    ),
    *(
        Trigger(
            tool="pytest",
            cause=f"pytest:no module {module}",
            family="ModuleNotFoundError",
            unlike=unlike,
            command=("pytest -q", "pytest", "pytest --tb=short -x"),
            files={
                "tests/test_api.py": f"""
                    @PAD#@
                    import {module}
                    def test_get():
                        assert {module}.get("@W@")
                    """
            },
        )
        for module, unlike in (
            ("httpclientx", None),
            ("yamlreader", "pytest:no module httpclientx"),
        )
    ),
    *(
        Trigger(
            tool="pytest",
            cause=f"pytest:fixture {fixture}",
            family="pytest error",
            unlike=unlike,
            command=("pytest -q", "pytest", "pytest -v"),
            files={
                "tests/test_orders.py": f"""
                    @PAD#@
                    def test_orders({fixture}):
                        assert {fixture}
                    """
            },
        )
        for fixture, unlike in (
            ("db_session", None),
            ("api_client", "pytest:fixture db_session"),
        )
    ),
    *(
        Trigger(
            tool="pytest",
            cause=f"pytest:no file {name}",
            family="pytest error",
            unlike=unlike,
            command=(f"pytest -q tests/{name}", f"pytest tests/{name} -x"),
            files={"tests/test_real.py": "def test_real(): pass\n"},
            times=2,
        )
        for name, unlike in (
            ("test_checkout.py", None),
            ("test_refund.py", "pytest:no file test_checkout.py"),
        )
    ),
    *(
        Trigger(
            tool="pytest",
            cause=f"pytest:unrecognized {option}",
            family="pytest error",
            unlike=unlike,
            command=(
                f"pytest -q {option}=@N@",
                f"pytest {option}=@N@ tests",
                f"python -m pytest {option}=@N@",
            ),
            files={"tests/test_real.py": "def test_real(): pass\n"},
        )
        for option, unlike in (
            ("--reruns-max", None),
            ("--shards-of", "pytest:unrecognized --reruns-max"),
        )
    ),
    Trigger(
        tool="pytest",
        cause="pytest:payment.charge.PaymentDeclined",
        family="PaymentDeclined",
        command=_STYLES,
        files={
            "shop/__init__.py": "",
            "shop/errors.py": "class PaymentDeclined(Exception):\n    pass\n",
            "shop/payment.py": """
                from shop.errors import PaymentDeclined
                @PAD#@
                def charge(amount):
                    raise PaymentDeclined(f"card @M@ declined for {amount}")
                """,
            "test_payment.py": """
                from shop.payment import charge
                @PAD#@
                def test_charge():
                    charge(@N@)
                """,
        },
    ),
    Trigger(
        tool="pytest",
        cause="pytest:settings.load.ConfigError",
        family="ConfigError",
        command=("pytest -q", "pytest", "pytest --tb=short"),
        files={
            "settings.py": """
                class ConfigError(Exception): pass
                @PAD#@
                def load(env):
                    try:
                        return env["PORT_@N@"]
                    except KeyError as cause:
                        raise ConfigError("port is not set: @W@") from cause
                """,
            "test_settings.py": """
                from settings import load
                def test_load():
                    assert load({}) == 1
                """,
        },
    ),
    Trigger(
        tool="pytest",
        cause="pytest:test_limits.test_negative.DID NOT RAISE",
        family="Failed",
        command=_STYLES,
        files={
            "test_limits.py": """
                import pytest
                @PAD#@
                def test_negative():
                    with pytest.raises(ValueError):
                        int("@N@")
                """
        },
    ),
    Trigger(
        tool="pytest",
        cause="pytest:test_parse.SyntaxError",
        family="SyntaxError",
        command=("pytest -q", "pytest", "pytest -x"),
        files={
            "test_parse.py": """
                @PAD#@
                def test_parse(:
                    pass
                """
        },
    ),
)
