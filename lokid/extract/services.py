"""Databases, git, containers and clusters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern

_PSQL = re.compile(
    r"(?:psql|pg_dump|pg_restore|createdb|dropdb)(?:\.bin)?: (?:error: )?(?P<said>.+)"
)
_FILE_SQL = re.compile(r"psql:[^\s:]+:\d+: (?P<said>(?:ERROR|FATAL): .+)")
_SQL = re.compile(r"(?P<said>(?:ERROR|FATAL|PANIC):  \S.+)")
_CONNECTION = re.compile(r"connection to (?:server|database) .*?failed: ")
_LEVEL = re.compile(r"(?:ERROR|FATAL|PANIC): +")
_HOST = re.compile(r"host name \"[^\"]*\"")
_ENDPOINT = re.compile(r"(?<=endpoint )\S+ \(\w+\)")
_EXITED = re.compile(
    r"(?P<what>[a-z][\w.-]*?)(?:[-_]\d+)? exited with code (?P<code>[1-9]\d*)$"
)
_USER = re.compile(r"((?:for user|role|user) )(?:\"[^\"]*\"|'[^']*'@'[^']*'|'[^']*')")
_MYSQL = re.compile(
    r"(?:mysql\w*: )?(?:\[ERROR\] )?ERROR (?P<code>\d{4}) \((?P<state>\w{5})\)(?: at line \d+)?: "
    r"(?P<said>.+)"
)
_SQLITE = re.compile(
    r"(?:Error|Parse error|Runtime error)(?:: near line \d+| near line \d+|: in prepare)?[:,] "
    r"(?P<said>(?:no such |near \"|UNIQUE |FOREIGN |NOT NULL |table |unrecognized token|unable to open|file is not|database is |incomplete).*)"
)
_REDIS = re.compile(
    r"(?:\(error\) )?(?P<code>WRONGTYPE|NOAUTH|WRONGPASS|MOVED|OOM|READONLY|NOSCRIPT|BUSY)\b (?P<said>.+)"
    r"|(?P<refused>Could not connect to Redis).*: (?P<why>.+)"
)
_GIT = re.compile(r"(?:fatal|git): (?P<said>.+)")
_GIT_ERROR = re.compile(
    r"error: (?P<said>(?:pathspec|failed to push|Your local changes|src refspec"
    r"|cannot (?:lock|pull|rebase|stash|merge|spawn|update|delete|run)"
    r"|could not (?:apply|lock|read|parse|detach|commit|delete)|The following untracked"
    r"|patch failed|unable to (?:create|write|unlink|update|delete|index|rewind)"
    r"|Pulling is not possible|you need to resolve|RPC failed|no such remote"
    r"|remote \S+ already|Entry |short read|corrupt|object file|gpg failed"
    r"|unknown (?:switch|option|subcommand)|insufficient permission|Committing is not|branch '|update_ref|merging ).*)"
)
_NO_MERGE = re.compile(r"merge: .+ - not something we can merge")
_REJECTED = re.compile(
    r"! \[(?:remote )?rejected\]\s+\S+ -> (?P<branch>\S+) \((?P<why>[^)]+)\)"
)
_CONFLICT = re.compile(r"CONFLICT \((?P<kind>[^)]+)\): (?P<said>.+)")
_DAEMON = re.compile(
    r"(?:docker: |ERROR: )?(?:Error response from daemon: (?P<said>.+)"
    r"|(?P<down>Cannot connect to the Docker daemon).*)"
)
_SOLVE = re.compile(r"(?:ERROR: )?failed to (?:solve|build): (?P<said>.+)")
_KUBE = re.compile(
    r"(?P<down>The connection to the server) .+(?P<why>was refused)|Error from server \((?P<code>\w+)\): (?P<said>.+)"
)
_FRAMED = re.compile(r"[\u2502|]\s*Error: (?P<said>.+)")
_ON_FILE = re.compile(r"[\u2502|]?\s*on (?P<file>\S+\.tf) line \d+")


def _psql(lines: Sequence[str], at: int) -> Found | None:
    """Postgres: which server it was is not kept, nor who asked."""
    text = lines[at].strip()
    found = _FILE_SQL.match(text) or _PSQL.match(text) or _SQL.match(text)
    if found is None:
        return None
    said = _LEVEL.sub("", _CONNECTION.sub("", found["said"]))
    said = _HOST.sub("host name", said)
    return Found("psql: " + _USER.sub(r"\1{str}", said))


def _mysql(lines: Sequence[str], at: int) -> Found | None:
    """MySQL and MariaDB: the number, and what it means."""
    found = _MYSQL.match(lines[at].strip())
    if found is None:
        return None
    return Found(
        f"mysql: ERROR {found['code']}: " + _USER.sub(r"\1{str}", found["said"])
    )


def _git(lines: Sequence[str], at: int) -> Found | None:
    """git's last word, without the address of a remote."""
    text = lines[at].strip()
    found = _GIT.match(text)
    if found:
        said = re.sub(r"(unable to access|repository) '[^']*'", r"\1", found["said"])
        return Found(f"git: {said}", rank=SUM if said in _GIT_VAGUE else None)
    if found := _NO_MERGE.match(text):
        return Found(f"git: {found[0]}")
    if found := _REJECTED.match(text):
        return Found(f"git: rejected: {found['branch']} ({found['why']})")
    if found := _CONFLICT.match(text):
        return Found(f"git: CONFLICT ({found['kind']}): {found['said']}")
    if (found := _GIT_ERROR.match(text)) and "pushsome" not in text:
        vague = found["said"].startswith("failed to push")
        said = re.sub(r" to '\S+'$", "", found["said"])
        return Found(f"git: {said}", rank=SUM if vague else None)
    return None


_GIT_VAGUE = frozenset(
    {
        "Could not read from remote repository.",
        "early EOF",
        "Exiting because of an unresolved conflict.",
    }
)


def _docker(lines: Sequence[str], at: int) -> Found | None:
    """What docker's daemon answers."""
    found = _DAEMON.match(lines[at].strip())
    if found is None:
        return None
    return Found("docker: " + _ENDPOINT.sub("it", found["said"] or found["down"]))


def _exited(lines: Sequence[str], at: int) -> Found | None:
    """A service of docker compose that ended; a signal's code says which."""
    found = _EXITED.match(lines[at].strip())
    if found is None:
        return None
    means = _SIGNALLED.get(found["code"])
    if means:
        return Found(f"{means}: {found['what']}")
    return Found(f"docker: {found['what']} exited with code {found['code']}", rank=SUM)


_SIGNALLED = {"137": "Killed", "139": "Segmentation fault", "134": "Aborted"}


def _terraform(lines: Sequence[str], at: int) -> Found | None:
    """terraform frames its errors; the file stands two lines below."""
    found = _FRAMED.match(lines[at].strip())
    if found is None:
        return None
    where = next(filter(None, map(_ON_FILE.match, lines[at + 1 : at + 5])), None)
    file = where["file"].split("/")[-1] if where else ""
    return Found(f"terraform: {found['said']}", (file,) if file else ())


EXTRACTORS = (
    Extractor(
        name="postgres",
        words=("psql:", "pg_", "createdb: ", "dropdb: ", "ERROR:  ", "FATAL:  "),
        find=_psql,
        samples=(
            Sample(
                'psql: error: connection to server at "127.0.0.1", port 5432 failed: '
                'FATAL:  database "shop_till" does not exist',
                'psql: database "shop_till" does not exist',
                "psql error",
            ),
            Sample(
                'psql:/srv/up.sql:3: ERROR:  relation "tills" does not exist',
                'psql: relation "tills" does not exist',
                "psql error",
            ),
            Sample(
                'psql: error: FATAL:  password authentication failed for user "ann"',
                "psql: password authentication failed for user {str}",
                "psql error",
            ),
        ),
    ),
    Extractor(
        name="mysql",
        words=("ERROR ",),
        find=_mysql,
        samples=(
            Sample(
                "ERROR 1045 (28000): Access denied for user 'ann'@'localhost' "
                "(using password: YES)",
                "mysql: ERROR 1045: Access denied for user {str} (using password: {token})",
                "mysql error",
            ),
            Sample(
                "ERROR 1049 (42000): Unknown database 'tills'",
                "mysql: ERROR 1049: Unknown database 'tills'",
                "mysql error",
            ),
        ),
    ),
    Extractor(
        name="sqlite",
        words=("rror",),
        find=by_pattern(_SQLITE.pattern, "sqlite3: {said}"),
        samples=(
            Sample(
                "Error: in prepare, no such table: tills",
                "sqlite3: no such table: tills",
                "sqlite3 error",
            ),
            Sample(
                "Parse error near line 3: no such column: sum",
                "sqlite3: no such column: sum",
                "sqlite3 error",
            ),
        ),
    ),
    Extractor(
        name="redis",
        words=("(error) ", "connect to Redis"),
        find=by_pattern(_REDIS.pattern, "redis-cli: {code} {said}{refused}: {why}"),
        samples=(
            Sample(
                "Could not connect to Redis at 127.0.0.1:6379: Connection refused",
                "redis-cli: Could not connect to Redis: Connection refused",
                "redis-cli error",
            ),
        ),
    ),
    Extractor(
        name="git",
        words=("fatal: ", "git: ", "error: ", "ejected]", "CONFLICT (", "we can merge"),
        find=_git,
        samples=(
            Sample(
                "fatal: not a git repository (or any of the parent directories): .git",
                "git: not a git repository (or any of the parent directories): .git",
                "git error",
            ),
            Sample(
                " ! [rejected]        main -> main (non-fast-forward)\n"
                "error: failed to push some refs to 'git@host.example.org:a/b.git'",
                "git: rejected: main (non-fast-forward)",
                "git error",
            ),
            Sample(
                "Auto-merging src/till.py\n"
                "CONFLICT (content): Merge conflict in src/till.py\n"
                "Automatic merge failed; fix conflicts and then commit the result.",
                "git: CONFLICT (content): Merge conflict in till.py",
                "git error",
            ),
            Sample(
                "error: pathspec 'tills' did not match any file(s) known to git",
                "git: pathspec 'tills' did not match any file(s) known to git",
                "git error",
            ),
        ),
    ),
    Extractor(
        name="docker",
        words=("from daemon: ", "Docker daemon"),
        find=_docker,
        samples=(
            Sample(
                "docker: Error response from daemon: No such container: till",
                "docker: No such container: till",
                "docker error",
            ),
        ),
    ),
    Extractor(
        name="docker compose",
        words=(" exited with code ",),
        find=_exited,
        samples=(
            Sample("till-1 exited with code 137", "Killed: till", "exit 137"),
            Sample(
                "till-1 exited with code 3",
                "docker: till exited with code 3",
                "docker error",
            ),
        ),
    ),
    Extractor(
        name="docker build",
        words=("failed to solve", "failed to build: "),
        find=by_pattern(_SOLVE.pattern, "docker: {said}"),
        rank=SUM,
        samples=(
            Sample(
                'ERROR: failed to solve: process "/bin/sh -c npm ci" did not complete '
                "successfully: exit code: 1",
                'docker: process "{path}" did not complete successfully: exit code: 1',
                "docker error",
            ),
        ),
    ),
    Extractor(
        name="kubernetes",
        words=("Error from server (", "to the server"),
        find=by_pattern(_KUBE.pattern, "kubectl: {code}{down}: {said}{why}"),
        samples=(
            Sample(
                'Error from server (NotFound): pods "till" not found',
                'kubectl: NotFound: pods "till" not found',
                "kubectl error",
            ),
        ),
    ),
    Extractor(
        name="helm",
        words=(" FAILED: ",),
        find=by_pattern(
            r"Error: (?P<said>(?:INSTALLATION|UPGRADE|UNINSTALL) FAILED: .+)",
            "helm: {said}",
        ),
        samples=(
            Sample(
                "Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
                "helm: INSTALLATION FAILED: cannot re-use a name that is still in use",
                "helm error",
            ),
        ),
    ),
    Extractor(
        name="alembic",
        words=("FAILED: ",),
        find=by_pattern(
            r"FAILED: (?P<said>Can't locate revision|Multiple head revisions|Target database"
            r" is not up to date)",
            "alembic: {said}",
        ),
        samples=(
            Sample(
                "FAILED: Can't locate revision identified by 'ab12cd34'",
                "alembic: Can't locate revision",
                "alembic error",
            ),
        ),
    ),
    Extractor(
        name="terraform",
        words=("Error: ",),
        find=_terraform,
        samples=(
            Sample(
                "\u2502 Error: Unsupported argument\n\u2502 \n"
                '\u2502   on main.tf line 3, in resource "till" "one":',
                "terraform: Unsupported argument",
                "terraform error",
                ("main.tf",),
            ),
        ),
    ),
)
