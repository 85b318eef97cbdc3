"""Real causes of java and javac."""

from __future__ import annotations

from typing import Any

from trigger import Trigger, named

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
    cause: str, family: str, cart: str, *, options: str = "", **more: Any
) -> Trigger:
    main = "System.out.println(Cart.total(@N@));"
    main = f"  public static void main(String[] a) {{ {main} }}"
    return named(
        "java",
        cause,
        family,
        command=f"javac *.java && java {options} Main",
        files={
            "Main.java": _CLASS.format("Main", main),
            "Cart.java": _CLASS.format("Cart", cart) + more.pop("also", ""),
        },
        needs=("javac", "java"),
        **more,
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
        also="class CheckoutException extends RuntimeException { CheckoutException("
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
