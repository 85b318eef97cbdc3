"""The head of a command: main one first, without what varies, nothing secret."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lokid.command import heads_of, programs_of
from lokid.events import CommandWorked
from lokid.head_words import LIMIT, head, head_word
from lokid.redact import guard
from lokid.secret_shapes import SHAPES
from lokid.shell import simple_commands

law = settings(max_examples=400, deadline=None)


def main(command: str) -> str:
    """The head by which a command is recorded."""
    return heads_of(command)[0]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest tests/test_auth.py -q", "pytest tests/test_auth.py"),
        ("pytest tests/a.py::test_x -q", "pytest tests/a.py::test_x"),
        ("pytest tests/a.py:12", "pytest tests/a.py"),
        ("npm install login@158", "npm install login@158"),
        ("npm i @acme/ui@1.2 lodash", "npm i @acme/ui@1.2 lodash"),
        ("npm run test:unit -- --watch", "npm run test:unit"),
        ("go test ./auth/... -run TestLogin", "go test ./auth/..."),
        ("go test ./...", "go test ./..."),
        ("psql -h 127.0.0.1 -p 5433 shop -c 'select 1'", "psql shop"),
        ("timeout 42 ./run-3fa2b1.sh", "timeout ./run-{hash}.sh"),
        ("timeout 7 ./run-104857.sh", "timeout ./run-{hash}.sh"),
        ("rg 12 ./run-a1b2c3.sh", "rg ./run-{hash}.sh"),
        ("npx tsc --noEmit", "npx tsc"),
        ("cargo test auth", "cargo test auth"),
        ("make -C sub -j 4 blocks", "make blocks"),
        ("git -C /srv/x commit -m 'all of it'", "git commit"),
        ("git stash pop", "git stash pop"),
        ("git push origin main --force", "git push origin main --force"),
        ("docker compose -f a.yml up -d web", "docker compose up web"),
        ("docker run -it --rm python:3.11 bash", "docker run python:3.11 bash"),
        ("python3 scripts/load.py --in /srv/data/9f.json", "python3 scripts/load.py"),
        ("/usr/bin/python3 manage.py migrate", "python3 manage.py migrate"),
        ("./gradlew :web:test --tests CartTest", "./gradlew :web:test"),
        ("docker exec -it shop_db psql -U ann", "docker exec shop_db psql"),
        ("node_modules/.bin/tsc -p .", "tsc"),
        ("~/bin/tool x", "tool x"),
        ("mkdir -p src/app", "mkdir src/app"),
        ("cp -p src/a.py src/b.py", "cp src/a.py src/b.py"),
        ("pytest tests/token tests/x.py", "pytest tests/token tests/x.py"),
        ("perl -e 'alarm 5; exec @ARGV'", "perl"),
        ("sed -i 's/a/b/' src/x.py", "sed src/x.py"),
        ("tar -xzf build.tar.gz src", "tar src"),
        ("pip install 'uvicorn[all]' redis==2.31.0", "pip install redis==2.31.0"),
        ("curl -sS -X POST -d @body.json https://api.example.org/v1", "curl"),
        ("ls tests/", "ls tests"),
        ("cat /etc/hosts notes.txt", "cat notes.txt"),
        ("Edit src/auth.py", "Edit src/auth.py"),
        ("$PYTHON run.py", "{str} run.py"),
        ("kill -9 12345", "kill"),
    ],
)  # fmt: skip
def test_a_head_keeps_what_it_is_and_loses_what_varies(
    command: str, expected: str
) -> None:
    """Program, subcommand, up to two arguments."""
    assert expected == main(command)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cd /home/x/app && pytest tests", ("pytest tests", "cd")),
        ("cd src; ls; make all", ("make all", "ls", "cd src")),
        ("A=1 B='x y' make all 2>&1 | tail -5", ("make all", "tail")),
        ("export X=1\nsource .env\nnpm test", ("npm test", "export", "source .env")),
        ("echo start || true", ("echo", "true")),
        ("cat > a.py <<'E'\nimport os; rm x\nE\npython a.py", ("python a.py", "cat")),
        ("python - <<EOF\nprint(1)\nEOF", ("python",)),
        ("git commit -m \"$(cat <<'E'\nit's (done)\nE\n)\"", ("git commit", "cat")),
        ("pytest $(git ls-files tests)", ("pytest", "git ls-files tests")),
        ("V=`git describe` make", ("make", "git describe")),
        ("diff <(sort a.txt) b.txt", ("diff b.txt", "sort a.txt")),
        ("(cd sub && make) && ls", ("make", "ls", "cd sub")),
        ("if [ -f x ]; then make a; else make b; fi", ("make a", "make b", "test")),
        ("for f in *.py; do black $f; done", ("black",)),
        ("while read l; do wc $l; done < a.txt", ("wc", "read")),
        ("case $x in a) make a;; esac", ("make a",)),
        ("f() { make x; }; f", ("make x", "f")),
        ("command -v jq || npm i jq", ("npm i jq", "command")),
        ("kill $(lsof -t -i:3000); npm start", ("npm start", "kill", "lsof")),
        ("git add -A && git commit -m x", ("git commit", "git add")),
        ("rm -rf dist; git status && tsc", ("tsc", "rm dist", "git status")),
        ("make # not this: rm -rf", ("make",)),
    ],
)  # fmt: skip
def test_a_line_gives_each_command_and_the_main_one_first(
    command: str, expected: tuple[str, ...]
) -> None:
    """What only prepares or reports comes last."""
    assert expected == heads_of(command)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("sudo -u ann npm i x", ("sudo npm i x", "npm i x")),
        ("timeout -k 5 60 pytest a.py", ("timeout pytest a.py", "pytest a.py")),
        ("env A=1 make all", ("make all", "env")),
        ("nohup make all &", ("make all", "nohup")),
        ("time make all", ("make all", "time")),
        ("ls | xargs -n 1 rm a.txt", ("ls", "xargs rm a.txt", "rm a.txt")),
        ("bash -lc 'cd x && npm ci'", ("npm ci", "bash", "cd x")),
        ("bash scripts/build.sh all", ("bash scripts/build.sh all",)),
        ("python -m pytest a.py", ("python -m pytest a.py", "pytest a.py")),
        ("uv run --with x pytest a.py", ("uv run pytest a.py", "pytest a.py")),
        ("sudo nice bash -c 'ls x'", ("sudo nice ls x", "nice ls x", "ls x", "bash")),
        ("sudo", ("sudo",)),
    ],
)  # fmt: skip
def test_a_wrapper_is_told_with_what_it_runs(
    command: str, expected: tuple[str, ...]
) -> None:
    """Both heads, so that either finds the other again."""
    assert expected == heads_of(command)


def test_a_remedy_is_another_command() -> None:
    """The option is the fix; without it the head would be that of the failure."""
    assert "npm install x@1 --legacy-peer-deps" == main(
        "npm install x@1 --legacy-peer-deps --silent"
    )


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cd x && timeout 5 jq . | sudo tee b", ("cd", "timeout", "jq", "sudo", "tee")),
        ("npx tsc", ("npx",)),
        ("python -m pytest", ("python",)),
        ("bash -c 'yq . x'", ("yq", "bash")),
        ("command -v jq; which yq; type fd", ("command", "which", "type")),
        ("A=$(fd x) make", ("make", "fd")),
        ("./run-3fa2b1.sh", ("./run-{hash}.sh",)),
        ("", ()),
    ],
)  # fmt: skip
def test_all_programs_of_a_line_are_known(
    command: str, expected: tuple[str, ...]
) -> None:
    """But not one that a launcher finds by itself."""
    assert expected == programs_of(command)


def test_a_head_has_at_most_eighty_characters() -> None:
    """Whole words; a test's name goes before its file does."""
    file = "tests/" + "long_" * 10 + "file.py"
    assert f"pytest {file}" == main(f"pytest {file}::test_of_a_long_name")
    assert "pytest" == main("pytest tests/" + "long_" * 20 + "file.py")


# -- what is private -------------------------------------------------------------

SECRETS = [pytest.param(shape.sample, id=shape.name) for shape in SHAPES]
PLACES = (
    "curl -H '{}' https://example.org", 'curl -H "{}" x', "psql {} -c x",
    "export A={}", "A={} make", "make {}", "mysql -p{} shop", "tool --opt={} x",
    "tool --opt {} x", "echo {}", "{} x", "bash -c 'tool {}'", "cat <<E\n{}\nE",
    "tool '{}'", "tool $({})", "sudo {}", "tool a/{}", "tool {}/b", "x={}; tool $x",
    "git clone {}", "Edit {}", "pytest a.py::{}",
)  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_passes_wherever_it_stands(secret: str) -> None:
    """Nor does the guard let one pass that is planted in a head."""
    rest = re.split(r"[\s=]", secret)[-1]
    for place in PLACES:
        command = place.replace("{}", secret)
        for one in (*heads_of(command), *programs_of(command), head(command)):
            assert secret not in one
            assert rest not in one


@pytest.mark.parametrize(
    "command",
    [
        "mysql -phunter2 -u root shop", "curl -u admin:hunter2 x", "echo hunter2",
        "sshpass -p hunter2 ssh ann@host", "export A=hunter2", "A=hunter2 make",
        "docker login -u ann -p hunter2", "tool --password hunter2 x",
        "mysqladmin password hunter2", "redis-cli -a hunter2 ping", "login:hunter2 x",
        "curl -H 'X-Key: hunter2' x", "git commit -m 'now hunter2 works'",
        "az login -p hunter2", "zip -P hunter2 a.zip b", "foo -P hunter2 bar",
        "ldapsearch -w hunter2 x", "git config user.password hunter2",
        "npm config set //r.example.org/:_authToken hunter2",
        "heroku auth:token hunter2", "vault kv put x api_key hunter2",
        "tool secret hunter2", "psql postgres://ann:hunter2@db/shop",
        "cat <<E | tool\nhunter2\nE",
    ],
)  # fmt: skip
def test_a_password_has_no_place_in_a_head(command: str) -> None:
    """Values of options, assignments, quotes and bodies are left out."""
    assert [] == [one for one in heads_of(command) if "hunter2" in one]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("/home/ann/x.py", "{path}"), ("~/x", "{path}"), ("../x.py", "{path}"),
        ("acme/widgets", "{path}"), ("git@github.com:acme/widgets.git", "{url}"),
        ("https://example.org/x", "{url}"), ("ann@example.org", "{email}"),
        ("10.1.2.3", "{ip}"), ("db.example.org", "{host}"), ("12345", "{n}"),
        ("77b6c449", "{hash}"), ("A=b", "{str}"), ("*.py", "{str}"), ("-x", "{str}"),
        ("web-7d9f8b6c5-x2k4q", "web-{hash}-x2k4q"), ("src/auth", "src/auth"),
        ("app/[id]/page.tsx", "app/[id]/page.tsx"), ("tmp.Xa9fK2pQ", "tmp.{hash}"),
        ("caf\u00e9", "{str}"), ("z" * 90, "{str}"), ("python:3.11", "python:3.11"),
    ],
)  # fmt: skip
def test_a_word_is_harmless_or_its_placeholder(word: str, expected: str) -> None:
    """The same rule in the parser and in the guard."""
    assert expected == head_word(word)
    assert expected == head_word(expected)


# -- laws ------------------------------------------------------------------------

WORDS = (
    "pytest", "make", "npm", "run", "install", "git", "sudo", "timeout", "env", "xargs",
    "bash", "-c", "-m", "python", "npx", "echo", "cd", "export", "tests/a.py", "./x",
    "./...", "a@1", "@a/b@1", "{hash}", "{str}", "5", "-q", "--force", "--user=x",
    "-3fa2b1", "_3fa2b1", "3fa2b1c9", "basic", "bearer", "token", "auth", "password=",
    "::", "[x]", ".", "/", "//", "..", "a:b", "if", "then", "do", "done", "fi", "for",
    "in", "case", "esac", "{", "}", "!", "&&", "||", ";", "|", "&", "(", ")", "((",
    "))", "$(", "`", "'", '"', "\\", "$", "${", "$'", "<<", "<<-", "EOF", ">", "2>&1",
    "#", "=", "==", "*", "~",
)  # fmt: skip
PIECES = st.sampled_from([*WORDS, "\n", "\t", "\r", " ", "\x00", "\u00e9", "\u2028"])
LINES = st.lists(PIECES, max_size=24).flatmap(
    lambda parts: st.sampled_from(["", " "]).map(lambda gap: gap.join(parts))
)


@law
@given(st.one_of(LINES, st.text(max_size=200)))
@example("$(" * 3000)
@example("(" * 3000)
@example("`" * 3001)
@example("sudo " * 3000)
@example("bash -c '" * 500)
@example("pytest token pytest pytest")
def test_any_text_gives_heads_that_are_their_own(command: str) -> None:
    """Never an error; a head read again is itself, and the guard lets it pass."""
    for one in heads_of(command):
        assert one == heads_of(one)[0]
        assert one == guard(CommandWorked(head=one)).head
        assert len(one) <= LIMIT
    assert len(programs_of(command)) == len(set(programs_of(command)))


@law
@given(st.one_of(LINES, st.text(max_size=200)))
def test_the_guard_of_a_head_is_at_rest(text: str) -> None:
    """What has passed once passes as it is."""
    once = guard(CommandWorked(head=text))
    assert once == guard(once)
    assert len(once.head) <= LIMIT


@pytest.mark.parametrize(
    "mark", ["$(", "(", "`", "((", "$((", "'", '"', "<<a\n", "${", "a=(", "{ ", "a;"]
)
def test_twice_the_text_is_twice_the_work(mark: str) -> None:
    """Counted in calls, not in seconds."""

    def calls(size: int) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        sys.setprofile(count)
        try:
            simple_commands(mark * size)
        finally:
            sys.setprofile(None)
        return counted

    assert calls(4000) < 2.5 * calls(2000)
