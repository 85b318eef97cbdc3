"""The privacy guard: what survives it, what does not, and its one law."""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokid import redact
from lokid.events import (
    EVENTS,
    CouncilDecided,
    CrashObserved,
    EpisodeRecorded,
    Event,
    GateFailed,
    GatesCounted,
    OutputFailed,
    Src,
    Text,
    Vote,
)
from lokid.redact import guard, line, relative_path, source_path, symbol, token
from lokid.secret_shapes import SHAPES, hide

MIXED = "k3Jx9Qw2Zr7Lm4Vb8Np1Tc6Yd5Hs0Fg"
PLANTED = {
    "home path": "/home/" + "ulfq/work/app.py",
    "mac home": "/Users/" + "ulfq/code",
    "windows home": "C:\\Users\\" + "ulfq\\src\\app.py",
    "tilde": "~/" + "ulfq/notes.txt",
    "owner and repo": "acmeq/" + "widgetsq",
    "repo address": "https://github.com/" + "acmeq/widgetsq",
    "repo by ssh": "git@github.com:" + "acmeq/widgetsq.git",
    "e-mail": "ann.q@" + "corp.example.org",
    "IPv4": "10." + "1.2.3",
    "IPv4 with port": "192.168." + "7.9:8443",
    "IPv6": "2001:db8:" + ":7f:9",
    "short IPv6": "fe80:" + ":1",
    **{f"secret: {shape.name}": shape.sample for shape in SHAPES},
    "secret: unnamed": MIXED,
    "secret: hex": "9f8e7d6c5b4a3928" * 3,
}
PRIVATE_PARTS = re.compile(
    r"ulfq|acmeq|widgetsq|ann\.q|10\.1\.2\.3|192\.168|2001:db8|fe80:|7f:9"
)


def strings_in(value: Any) -> list[str]:
    """Every string of an event, keys of maps included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for text in strings_in(pair)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in strings_in(item)]
    if isinstance(value, msgspec.Struct):
        return strings_in(msgspec.structs.asdict(value))
    return []


def filled(annotation: Any, text: str) -> Any:
    """A value of this type with the text in every string of it."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return text
    if origin is tuple:
        return (filled(args[0], text), filled(args[0], text))
    if origin is dict:
        return {filled(args[0], text): 1}
    if args:
        return filled(args[0], text)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return full(annotation, text)
    return annotation(1)


def full(kind: type[Any], text: str) -> Any:
    """An event of this class with the text in every string field."""
    hints = typing.get_type_hints(kind, include_extras=True)
    names = [field.name for field in msgspec.structs.fields(kind)]
    return kind(**{name: filled(hints[name], text) for name in names})


def kinds_of(kind: type[Any]) -> set[Text]:
    """The kinds of text that an event class holds."""
    return {text for text in Text if f"Text.{text.name}" in str(_hints(kind))}


def _hints(kind: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in msgspec.structs.fields(kind)}


# -- lines ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("TypeError: x is not a function", "TypeError: x is not a function"),
        (
            "bash: line 33: fd: command not found",
            "bash: line {n}: fd: command not found",
        ),
        ("at /home/ann/app/x.py:3", "at {path}"),
        ("in src/auth.c:12:4: bad", "in {path}: bad"),
        ("src/a.ts(12,4): error TS2322: no", "{path}: error TS2322: no"),
        ("error[E0382]: moved: `login`", "error[E0382]: moved: 'login'"),
        ("see acme/widgets", "see {path}"),
        ("clone git@github.com:acme/widgets.git now", "clone {url} now"),
        ("GET https://api.example.com/v1?k=1 failed", "GET {url} failed"),
        ("from bob@example.com", "from {email}"),
        ("at 10.1.2.3:80 and ::1 and [2001:db8::1]:80", "at {ip} and {ip} and {ip}"),
        ("ENOTFOUND db.prod.internal:5432", "ENOTFOUND {host}"),
        ("app.py:12 failed", "app.py:{n} failed"),
        ("id f47ac10b-58cc-4372-a567-0e02b2c3d479", "id {uuid}"),
        ("commit 77b6c449 of main", "commit {hash} of main"),
        ("0xc0ffee00 is bad", "{addr} is bad"),
        ("2026-11-23T06:57:48.1Z down", "{date} down"),
        ("Mon Nov 23 06:57:48 UTC 2026 down", "{date} down"),
        ("at 06:57:48 it fell", "at {time} it fell"),
        ("FAIL: TestX (0.03s) in 2 minutes", "FAIL: TestX ({duration}) in {duration}"),
        ("exit code 127, HTTP 429, errno 13", "exit code 127, HTTP 429, errno 13"),
        ("exited with code 137 by signal 9", "exited with code 137 by signal 9"),
        ("[Errno 2] No such file", "[Errno 2] No such file"),
        ("make: *** [Makefile:9: x] Error 1", "make: *** [Makefile:{n}: x] Error 1"),
        ("3/41 tests, 12% of 4.5MB", "{n}/{n} tests, {n}% of {n}MB"),
        ("ERR_X E11000 TS18046 ORA-00942", "ERR_X E11000 TS18046 ORA-00942"),
        ("No module named 'yaml'", "No module named 'yaml'"),
        ("Cannot find module '@acme/ui'", "Cannot find module '@acme/ui'"),
        ("Cannot find module './lib/x'", "Cannot find module '{path}'"),
        ("invalid literal: 'twelve big apples'", "invalid literal: '{str}'"),
        ("got '429 Too Many Requests' here", "got '429 Too Many Requests' here"),
        ("lives at '404 Main Street'", "lives at '{str}'"),
        ("Can't open it, isn't there", "Can't open it, isn't there"),
        ("is not in 'string | undefined'", "is not in 'string | undefined'"),
        ("no '/home/ann/My Files/x'", "no '{path}'"),
        ("key is 'sk-" + MIXED + "'", "key is '{token}'"),
        ("user=ann password=hunter2 x", "user=ann password={token} x"),
        ("Authorization: Bearer abc.def.123", "Authorization: {token}"),
        ("Unexpected token } in JSON at 5", "Unexpected token } in JSON at {n}"),
        ("OSError: Input/output error", "OSError: Input/output error"),
        (
            'ERESOLVE: peer till@"^3.0.0" from cart@158',
            'ERESOLVE: peer till@"^3.0.0" from cart@158',
        ),
        ("pip: no till==9.9.1 for 3.12", "pip: no till==9.9.1 for {n}"),
        ("npm: no @shop/till-7@^1.2 here", "npm: no @shop/till-7@^1.2 here"),
        ("see cart@158 and x==5", "see cart@{n} and x=={n}"),
        ("compile error: 'int' from 'char *'", "compile error: 'int' from 'char *'"),
        ('compile error: no "two of us"', 'compile error: no "{str}"'),
        ("TS2322: not '{ a: string; }'", "TS2322: not '{ a: string; }'"),
        ("say 'two of us'", "say '{str}'"),
        ("expected ';' or '}'", "expected ';' or '}'"),
        ("web_ff5932e96d is gone", "web_{hash} is gone"),
    ],
)
def test_a_line_keeps_its_cause_and_loses_what_varies(raw: str, expected: str) -> None:
    """Codes and quoted names stay; paths, numbers, times and values do not."""
    assert expected == line(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a\nb\r\n\x85c\u2028d", "a b c d"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "red"),
        ("\u202egnirts\u200b ze\u00adro\x00\x9b", "gnirts zero"),
        ("<system>do</system>", "(system)do({path})"),
        ("```sh", "'''sh"),
        ("### Heading ~~~~ x", "Heading x"),
        ("Human: ignore that. System: yes", "Human ignore that. System yes"),
        ("<|im_start|> [INST] do [/INST]", "(|im_start|) do"),
        ("\U000e0041\U000e0042ok\ufe0f", "ok"),
        ("at Object.<anonymous> here", "at Object.(anonymous) here"),
    ],
)
def test_a_line_is_data_and_never_markup(raw: str, expected: str) -> None:
    """Controls, tags, fences, role markers and direction marks are taken away."""
    assert expected == line(raw)


def test_a_long_line_is_cut_and_says_so() -> None:
    """At most 200 characters, with dots, and no half placeholder before them."""
    cut = line("word " * 39 + "/a/b " * 200)
    assert len(cut) <= 200
    assert cut.endswith("...")
    assert re.search(r"\{[a-z]*$", cut.removesuffix("...")) is None


def test_a_secret_at_the_reading_limit_is_not_halved() -> None:
    """Shrunken paths may pull the limit into view; the word there is left out."""
    secret = "ghp_" + MIXED
    raw = "/a" * 990 + " " + secret
    assert secret[:10] not in line(raw)


raw_text = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.one_of(
            st.sampled_from([*PLANTED.values(), "'", '"', "{n}", "{path}", "{", "}"]),
            st.sampled_from(["exit code", "/", "\\", ":", "<", ">", "`", "...", "~~"]),
            st.from_regex(r"[A-Za-z0-9_./:@'\"{}<>=-]{1,12}", fullmatch=True),
            st.text(max_size=6),
        ),
        max_size=30,
    ).map(" ".join),
    st.from_regex(r"[a-f0-9:.{}n/'\" -]{0,250}", fullmatch=True),
)


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(raw_text)
def test_a_scrubbed_line_passes_as_it_is(raw: str) -> None:
    """line(line(x)) == line(x), one printable line of at most 200 characters."""
    once = line(raw)
    assert once == line(once)
    assert len(once) <= 200
    assert once.isprintable()
    assert not set("<>`") & set(once)


@pytest.mark.parametrize(
    "head",
    ["pip: ", "npm: no ", "ERESOLVE: ", "compile error: ", "TS2322: '", 'mypy: "'],
)
def test_where_names_stay_nothing_private_does(head: str) -> None:
    """A package's version and a compiler's quotes are no way around the guard."""
    for planted in PLANTED.values():
        for form in ("{}", "see {} now", "till@{}", "'{}'"):
            said = line(head + form.format(planted))
            assert said == line(said)
            assert planted not in said
            assert PRIVATE_PARTS.search(said) is None


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["pip: ", "ERESOLVE: ", "compile error: ", "E0382: "]), raw_text)
def test_a_scrubbed_line_of_a_tool_passes_as_it_is(head: str, raw: str) -> None:
    """The law holds for each way to read a line."""
    once = line(head + raw)
    assert once == line(once)
    assert len(once) <= 200


# -- secrets -------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_each_secret_shape_is_hidden_wherever_it_stands(shape: Any) -> None:
    """Bare, in quotes, glued to a name, and as a value."""
    for text in ("{}", "x {} y", "say '{}'", "handler_{}", "(key={})"):
        hidden = hide(text.format(shape.sample))
        assert shape.tail not in hidden
        assert "{token}" in hidden


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_no_text_without_its_sign_has_a_shape(shape: Any) -> None:
    """What is not searched for could not have been found."""
    assert shape.sign in shape.sample
    without = shape.sample.replace(shape.sign, "") if shape.sign else ""
    assert shape.pattern.search(without) is None


@pytest.mark.parametrize(
    "word",
    [
        "run-20261123065750-21749-30716",
        "review-20261123T065805Z-3",
        "ep-2026-11-23-77b6c449",
        "handleHttp2RequestForUser",
        "test_utf8_string_from_buffer_and_2_more_things",
        "architecture-strategist",
        "A" * 64,
    ],
)
def test_a_word_of_the_harness_is_no_secret(word: str) -> None:
    """Ids of runs, reviews and episodes, and long names, are not hidden."""
    assert word == hide(word)


# -- the other kinds -----------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        "IterationError",
        "errno.ENOENT",
        "Foo:Bar",
        "REDACTED:AWS_KEY",
        "code_review",
        "run-20261123065750-21749-30716",
        "review-20261123T065805Z-3",
        "ep-2026-11-23-77b6c449",
    ],
)
def test_a_word_of_a_machine_is_a_token(word: str) -> None:
    """What the harness writes in its token fields survives."""
    assert word == token(word)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "two words",
        "x" * 65,
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "10.1." + "2.3",
        "node-10.1." + "2.3:80",
        "fe80:" + ":1",
        "ann@example.org",
        "acme/widgets",
        "9f8e7d6c" * 4 + "5",
        "caf\u00e9",
    ],
)
def test_what_is_no_word_of_a_machine_is_no_token(word: str) -> None:
    """Free text, addresses and secret shapes are refused."""
    assert token(word) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<anonymous>", "(anonymous)"),
        ("async handler", "async handler"),
        ("Object.<anonymous>", "Object.(anonymous)"),
        ("getUser", "getUser"),
        ("/home/ann/x.js", None),
        ("get_gh" + "p_" + MIXED, None),
        ("x" * 100, "x" * 80),
        ("\x1b[1m", None),
    ],
)
def test_a_symbol_is_a_name(raw: str, expected: str | None) -> None:
    """Tags are turned round; what holds a path or a secret is refused."""
    assert expected == symbol(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("./docs/prd-billing.md", "docs/prd-billing.md"),
        ("prd.md", "prd.md"),
        ("codebase-analysis", "codebase-analysis"),
        ("Makefile", "Makefile"),
        ("app/[id]/page.tsx", "app/[id]/page.tsx"),
        (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
        ("acme/widgets", None),
        ("acme/widgets.git", None),
        ("/home/ann/x.py", None),
        ("~/x.py", None),
        ("../x.py", None),
        ("a//b.py", None),
        ("C:\\x.py", None),
        ("10.1." + "2.3", None),
        ("ann@example.org/x.py", None),
        ("write me a todo.app", None),
        ("gh" + "p_" + MIXED + ".py", None),
    ],
)
def test_a_path_is_relative_and_names_a_file(raw: str, expected: str | None) -> None:
    """Nothing above the workspace, and no owner with a repository."""
    assert expected == relative_path(raw)


@pytest.mark.parametrize(
    "path",
    [
        "crash/" + "0a" * 32 + "-1795417076.json",
        "events/pending/2026-11-23T06-57-49.888148+00-00_0146cc7c.json",
        "quality/reviews/review-20261123T065750Z-1/aggregate.json",
        "memory/episodic/2026-11-23/task-ep-2026-11-23-77b6c449.json",
        "council/votes/iteration-4/member-1.txt",
        "logs/autonomy-20261123.log",
    ],
)
def test_a_place_of_the_harness_stays(path: str) -> None:
    """The paths of our sources survive in `src`."""
    assert path == source_path(path)


def test_an_odd_name_in_a_place_is_masked() -> None:
    """A secret, a space or a byte that is no UTF-8: hashed, and stable."""
    for name in ("gh" + "p_" + MIXED + ".json", "a b.json", "\udcff.json", ".."):
        masked = source_path(f"crash/{name}")
        assert re.fullmatch(r"crash/~[0-9a-f]{8}", masked)
        assert masked == source_path(masked)


# -- events --------------------------------------------------------------------


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_nothing_planted_in_any_field_survives(kind: type[Event]) -> None:
    """Home paths, owner/repo, addresses, e-mails and secrets, in every string."""
    for planted in PLANTED.values():
        if Text.DIGEST in kinds_of(kind) and not planted.strip("0123456789abcdef"):
            continue  # a hex secret in a field of hex cannot be told apart
        for text in (planted, f"see {planted} now", f"'{planted}'"):
            for kept in strings_in(guard(full(kind, text))):
                assert planted not in kept
                assert PRIVATE_PARTS.search(kept) is None


def found_by_scanner(folder: Path, lines: list[str]) -> list[str]:
    """What detect-secrets says of these lines, with its own default rules."""
    file = folder / "scanned.jsonl"
    file.write_text("\n".join(lines) + "\n")
    secrets = SecretsCollection()
    with default_settings():
        secrets.scan_file(str(file))
    return [f"{lines[found.line_number - 1]}: {found.type}" for _, found in secrets]


@pytest.mark.parametrize("form", ["{}", "a {} b", "say '{}'", 'key = "{}"'])
def test_a_scanner_of_secrets_finds_none(form: str, tmp_path: Path) -> None:
    """detect-secrets, which knows other shapes by other rules, is the oracle."""
    planted = [form.format(PLANTED[name]) for name in PLANTED if "secret" in name]
    raw = [f'"{text}"' for text in planted]
    assert len(found_by_scanner(tmp_path, raw)) > 10
    clean = [
        msgspec.json.encode(guard(full(kind, text))).decode()
        for kind in EVENTS
        for text in planted
        if Text.DIGEST not in kinds_of(kind) or text.strip("0123456789abcdef")
    ]
    assert [] == found_by_scanner(tmp_path, clean)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(EVENTS), raw_text)
def test_a_guarded_event_passes_as_it_is(kind: type[Event], text: str) -> None:
    """guard(guard(e)) == guard(e)."""
    clean = guard(full(kind, text))
    assert clean == guard(clean)


def test_a_clean_event_is_not_changed() -> None:
    """The guard takes nothing from what is clean."""
    event = OutputFailed(
        started="2026-03-01T10:00:00.000Z",
        ended="2026-03-01T10:00:09.000Z",
        utc=True,
        phase="ACT",
        exit_code=1,
        error_line="KeyError: 'user_id' at line {n}",
        symbols=("async handler", "(anonymous)"),
        near=("load",),
        after="0a" * 16,
    )
    assert event == guard(event)


def test_what_cannot_be_clean_is_none_dropped_or_said_so() -> None:
    """Optional becomes None, a list or map loses it, a required word says so."""
    secret = "gh" + "p_" + MIXED
    crash = guard(
        CrashObserved(error_class=secret, signature=("a", secret), phase=secret)
    )
    assert CrashObserved(error_class="redacted", signature=("a",)) == crash
    counted = guard(GatesCounted(counts={"code_review": 1, secret: 2}))
    assert GatesCounted(counts={"code_review": 1}) == counted
    episode = guard(EpisodeRecorded(episode="e", goal="/home/ann/x", files=("a/b",)))
    assert EpisodeRecorded(episode="e") == episode


def test_numbers_that_json_cannot_hold_are_left_out() -> None:
    """Huge integers, not-a-number, and text where a number belongs."""
    odd: Any = "7"
    assert GateFailed(gate="g", witness="trust") == guard(
        GateFailed(gate="g", witness="trust", iteration=10**30, consecutive=odd)
    )
    episode = EpisodeRecorded(episode="e", importance=float("nan"))
    assert EpisodeRecorded(episode="e") == guard(episode)


def test_nested_voters_are_guarded() -> None:
    """A struct within a struct is walked like the event itself."""
    vote = Vote(role="test_auditor", verdict="reject", reason="see /home/ann/x")
    decided = guard(CouncilDecided(iteration=1, outcome="rejected", voters=(vote,)))
    assert "see {path}" == decided.voters[0].reason


@pytest.mark.parametrize(
    "text",
    [
        "ConnectionError: 2001:db8:dead:beef::77: Connection refused",
        "TypeError: 2001:0db8:dead:beef:0000:8a2e:0370:7334: bad",
        "path:fe80::1ff:fe23:4567:8977%eth0",
        "2001:db8::1,2001:db8::2: no",
        "dead:beef:cafe::",
        "fatal: deploy@buildhost: Permission denied (publickey).",
        "open %2Fhome%2Fdeploy%2Fx",
        "deploy%40corp.io",
        "FOO_9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    ],
)
def test_other_spellings_of_the_private_are_found_too(text: str) -> None:
    """Addresses before a colon, logins at a host, encoded paths, glued hashes."""
    said = line(text)
    assert said == line(said)
    for word in ("2001", "fe80", "beef", "deploy", "9f8e"):
        assert word not in said


def test_quotes_hide_nothing_private_in_a_symbol() -> None:
    """A function's name that quotes an address is no name to keep."""
    assert symbol('"10.9.8.77, 5432"') is None
    assert symbol("open 'mail to deploy@corp.io in acme/widgets'") is None


def test_where_a_fact_was_read_holds_nothing_but_its_kinds() -> None:
    """A path is masked, and what stands for a digest is one or nothing."""
    token = "ghp_" + "x" * 36
    src = Src(path="logs/ann@acme.dev", sha256=token, generation="/home/ann/app")
    told = redact.place_of(src)
    assert (None, None) == (told.sha256, told.generation)
    assert "ann" not in str(told.path)
    assert "0a1b2c3d" == redact.place_of(Src(sha256="0a1b2c3d")).sha256
