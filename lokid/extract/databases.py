"""Databases: which one it was is not kept, nor who asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import Extractor, Found, Sample, by_pattern

_PSQL = re.compile(
    r"(?:psql|pg_dump|pg_restore|createdb|dropdb)(?:\.bin)?: (?:error: )?(?P<said>.+)"
)
_FILE_SQL = re.compile(r"psql:[^\s:]+:\d+: (?P<said>(?:ERROR|FATAL): .+)")
_SQL = re.compile(r"(?P<said>(?:ERROR|FATAL|PANIC):  \S.+)")
_CONNECTION = re.compile(r"connection to (?:server|database) .*?failed: ")
_LEVEL = re.compile(r"(?:ERROR|FATAL|PANIC): +")
_HOST = re.compile(r"host name \"[^\"]*\"")
_USER = re.compile(r"((?:for user|role|user) )(?:\"[^\"]*\"|'[^']*'@'[^']*'|'[^']*')")
_MYSQL = re.compile(
    r"(?:mysql\w*: )?(?:\[ERROR\] )?ERROR (?P<code>\d{4}) "
    r"\((?P<state>\w{5})\)(?: at line \d+)?: "
    r"(?P<said>.+)"
)
_SQLITE = re.compile(
    r"(?:Error|Parse error|Runtime error)(?:: near line \d+"
    r"| near line \d+|: in prepare)?[:,] "
    r"(?P<said>(?:no such |near \"|UNIQUE |FOREIGN |NOT NULL |table "
    r"|unrecognized token|unable to open|file is not|database is |incomplete).*)"
)
_REDIS = re.compile(
    r"(?:\(error\) )?(?P<code>WRONGTYPE|NOAUTH|WRONGPASS|MOVED|OOM"
    r"|READONLY|NOSCRIPT|BUSY)\b (?P<said>.+)"
    r"|(?P<refused>Could not connect to Redis).*: (?P<why>.+)"
)


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


_PRISMA = re.compile(r"(?:Error: )?(?P<code>P[1-6]\d{3})(?:: (?P<said>.+))?$")


def _prisma(lines: Sequence[str], at: int) -> Found | None:
    """Prisma's code, and what it means where that stands below."""
    found = _PRISMA.match(lines[at].strip())
    if found is None:
        return None
    below = (line.strip() for line in lines[at + 1 : at + 4])
    said = found["said"] or next((line for line in below if line), "")
    said = re.sub(r" at [`'\"].*", "", said.split(", ")[0])
    return Found(f"{found['code']}: {said}" if said else found["code"])


EXTRACTORS = (
    Extractor(
        name="prisma",
        words=("Error: P",),
        find=_prisma,
        samples=(
            Sample(
                "Error: P3009\n\nmigrate found failed migrations in the target "
                "database, new ones will not be applied.",
                "P3009: migrate found failed migrations in the target database",
                "P3009",
            ),
            Sample(
                "Error: P1001: Can't reach database server at `till-db:5432`",
                "P1001: Can't reach database server",
                "P1001",
            ),
        ),
    ),
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
                "mysql: ERROR 1045: Access denied for user {str} (using password: "
                "{token})",
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
        name="alembic",
        words=("FAILED: ",),
        find=by_pattern(
            r"FAILED: (?P<said>Can't locate revision|Multiple head revisions"
            r"|Target database"
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
)
