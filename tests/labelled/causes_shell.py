"""Real causes of bash, coreutils, git, curl, make, psql, docker and their kin."""

from __future__ import annotations

from bench import Trigger


def _bash(
    cause: str,
    family: str,
    script: str,
    *,
    unlike: str | None = None,
    tool: str = "bash",
    times: int = 3,
) -> Trigger:
    """A script that fails in its last line, below lines of varying number."""
    return Trigger(
        tool=tool,
        cause=f"{tool}:{cause}",
        family=family,
        files={"run.sh": f"@PAD#@\necho starting @W@\n{script}\n"},
        command=("bash run.sh", "bash < run.sh", ". ./run.sh", "sh run.sh"),
        unlike=unlike and f"{tool}:{unlike}",
        times=times,
    )


BASH = (
    _bash("no command terraformm", "exit 127", "terraformm apply -@M@", times=4),
    _bash(
        "no command kubectll",
        "exit 127",
        "kubectll get pods-@M@",
        unlike="no command terraformm",
        times=4,
    ),
    _bash(
        "no command poetryy",
        "exit 127",
        "poetryy install --v@M@",
        unlike="no command kubectll",
    ),
    _bash("not executable deploy.sh", "exit 126", "touch deploy.sh; ./deploy.sh @N@"),
    _bash(
        "not executable release.sh",
        "exit 126",
        "touch release.sh; ./release.sh @N@",
        unlike="not executable deploy.sh",
    ),
    _bash("no file migrate.sh", "ENOENT", "./migrate.sh --to @N@"),
    _bash(
        "no file cleanup.sh", "ENOENT", "./cleanup.sh @N@", unlike="no file migrate.sh"
    ),
    _bash("cd build/out", "ENOENT", "cd build/out || exit 1"),
    _bash("unbound API_URL", "bash error", "set -u\necho $API_URL/@N@"),
    _bash(
        "unbound DB_HOST",
        "bash error",
        "set -u\necho $DB_HOST/@N@",
        unlike="unbound API_URL",
    ),
    _bash("syntax near fi", "bash error", "echo @N@\nfi"),
    _bash(
        "syntax end of file",
        "bash error",
        "if true; then\necho @N@",
        unlike="syntax near fi",
    ),
    _bash(
        "killed worker.sh",
        "exit 137",
        "echo 'kill -9 $$' > worker.sh; chmod +x worker.sh; ./worker.sh\nexit $?",
    ),
    _bash(
        "killed trainer.sh",
        "exit 137",
        "echo 'kill -9 $$' > trainer.sh; chmod +x trainer.sh; ./trainer.sh\nexit $?",
        unlike="killed worker.sh",
    ),
    _bash(
        "timeout sync.sh",
        "timeout",
        "echo 'sleep 5' > sync.sh; chmod +x sync.sh; timeout -v 0.3 ./sync.sh @N@",
    ),
    _bash(
        "timeout index.sh",
        "timeout",
        "echo 'sleep 5' > index.sh; chmod +x index.sh; timeout -v 0.3 ./index.sh @N@",
        unlike="timeout sync.sh",
    ),
)


def _core(
    tool: str, cause: str, family: str, command: str, *, unlike: str | None = None
) -> Trigger:
    return Trigger(
        tool="coreutils",
        cause=f"{tool}:{cause}",
        family=family,
        command=command,
        unlike=unlike and f"{tool}:{unlike}",
        files={"data/@W@/x.txt": "x @N@\n"},
    )


CORE = (
    _core("cat", "ENOENT config.yml", "ENOENT", "cat data/*/x.txt ${PWD}/config.yml"),
    _core(
        "cat",
        "ENOENT schema.sql",
        "ENOENT",
        "cat ${PWD}/schema.sql",
        unlike="ENOENT config.yml",
    ),
    _core("ls", "ENOENT dist", "ENOENT", "ls -l${COLUMNS:+a} ${PWD}/dist"),
    _core("cp", "ENOENT .env.example", "ENOENT", "cp ${PWD}/.env.example ${PWD}/.env"),
    _core("rm", "is a directory data", "rm error", "rm ${PWD}/data"),
    _core("mkdir", "exists data", "mkdir error", "mkdir ${PWD}/data"),
    _core(
        "ls",
        "option --sizes",
        "ls error",
        "ls --sizes=@N@ ${PWD}",
        unlike="ENOENT dist",
    ),
    _core(
        "ls",
        "option --colour-all",
        "ls error",
        "ls --colour-all=@N@ ${PWD}",
        unlike="option --sizes",
    ),
    _core("grep", "ENOENT server.log", "ENOENT", "grep -n 'id=@N@' ${PWD}/server.log"),
    _core("grep", "unmatched [", "grep error", "grep '[@N@' data/*/x.txt"),
    _core("sed", "unterminated s", "sed error", "sed 's/a@N@/b' data/*/x.txt"),
    _core("sed", "ENOENT app.conf", "ENOENT", "sed -i 's/@N@/1/' ${PWD}/app.conf"),
    _core("tar", "ENOENT backup.tgz", "ENOENT", "tar xzf ${PWD}/backup.tgz -C /tmp"),
    _core("find", "predicate -nam", "find error", "find ${PWD} -nam '*.@N@'"),
    _core("jq", "not JSON", "jq error", "echo '{\"a\": @N@,, }' | jq .a"),
    _core(
        "unzip", "not a zip", "unzip error", "echo @N@ > bundle.zip; unzip bundle.zip"
    ),
)

_REPO = "git init -q -b main . && git add -A && git commit -qm 'start @W@'"


def _git(
    cause: str,
    family: str,
    command: str,
    *,
    before: str = _REPO,
    unlike: str | None = None,
) -> Trigger:
    return Trigger(
        tool="git",
        cause=f"git:{cause}",
        family=family,
        command=command,
        before=before,
        unlike=unlike and f"git:{unlike}",
        files={"src/app.py": "@PAD#@\nprint(@N@)\n", "src/db.py": "x = @N@\n"},
        needs=("git",),
    )


def _conflict(file: str) -> str:
    commit = "git add -A; git commit -qm"
    return (
        f"{_REPO}; git switch -qc topic; echo 'a = @M@' > src/{file}; {commit} topic@N@;"
        f" git switch -q main; echo 'b = @N@' > src/{file}; {commit} @HEX@"
    )


GIT = (
    _git("no repository", "git error", "git status", before=""),
    _git("pathspec release", "git error", "git checkout release"),
    _git(
        "pathspec hotfix", "git error", "git checkout hotfix", unlike="pathspec release"
    ),
    _git(
        "merge conflict app.py",
        "git error",
        "git merge topic",
        before=_conflict("app.py"),
    ),
    _git(
        "merge conflict db.py",
        "git error",
        "git merge topic",
        before=_conflict("db.py"),
        unlike="merge conflict app.py",
    ),
    _git(
        "rebase conflict jobs.py",
        "git error",
        "git rebase topic",
        before=_conflict("jobs.py"),
        unlike="merge conflict app.py",
    ),
    _git(
        "no remote ref feature/pay",
        "git error",
        "git fetch ../$(basename $PWD) feature/pay",
    ),
    _git("no remote upstream", "git error", "git push upstream main"),
    _git(
        "push rejected main",
        "git error",
        "git push origin main",
        before=f"{_REPO}; git clone -q --bare . origin.git; git remote add origin"
        " $PWD/origin.git; git clone -q origin.git other; cd other; git commit -q"
        " --allow-empty -m @N@; git push -q origin main; cd ..; git commit -q"
        " --allow-empty -m @M@",
    ),
    _git("unknown revision HEAD~9", "git error", "git reset --hard HEAD~9"),
    _git(
        "branch topic exists",
        "git error",
        "git checkout -b topic",
        before=f"{_REPO}; git branch topic",
    ),
    _git(
        "patch app.py",
        "git error",
        "git apply fix.patch",
        before=f"{_REPO}; echo 'a = @M@' > src/app.py; git diff > fix.patch;"
        " echo other @N@ > src/app.py",
    ),
    _git(
        "index.lock",
        "git error",
        "git add src/app.py",
        before=f"{_REPO}; touch .git/index.lock",
    ),
    _git(
        "overwritten by checkout app.py",
        "git error",
        "git checkout topic",
        before=f"{_conflict('app.py')}; echo 'c = @M@' > src/app.py",
    ),
    _git("unknown option --hardd", "git error", "git reset --hardd HEAD~@M@"),
    _git("no git command comit", "git error", "git comit -m '@W@'"),
)


def _curl(
    cause: str, family: str, command: str | tuple[str, ...], unlike: str | None = None
) -> Trigger:
    return Trigger(
        tool="curl",
        cause=f"curl:{cause}",
        family=family,
        command=command,
        unlike=unlike and f"curl:{unlike}",
        needs=("curl",),
    )


CURL = (
    *(
        _curl(
            f"HTTP {status}",
            f"HTTP {status}",
            (
                f"curl -fsS @SERVER@/status/{status}/@N@",
                f"curl -f @SERVER@/status/{status}/@HEX@",
                f"curl -sS --fail-with-body @SERVER@/status/{status}/@HEX@",
            ),
            unlike,
        )
        for status, unlike in (
            (404, None),
            (401, "HTTP 404"),
            (429, "HTTP 404"),
            (500, None),
            (503, "HTTP 500"),
        )
    ),
    _curl("refused", "curl 7", "curl -sS http://127.0.0.1:@PORT@/@HEX@"),
    _curl("host", "curl 6", "curl -sS http://api-@M@.shop.invalid/v1/@HEX@", "refused"),
    _curl(
        "timeout", "curl 28", "curl -sS --max-time 0.@M@ @SERVER@/slow/@HEX@", "refused"
    ),
    _curl("empty reply", "curl 52", "curl -sS @SERVER@/reset/@HEX@", "refused"),
    _curl("protocol", "curl 1", "curl -sS gopherr://127.0.0.1:@PORT@/@HEX@"),
)


def _make(
    cause: str,
    family: str,
    makefile: str,
    command: str = "make",
    *,
    files: dict[str, str] | None = None,
    unlike: str | None = None,
) -> Trigger:
    told = {"Makefile": "@PAD#@\n" + makefile} if makefile else {}
    return Trigger(
        tool="make",
        cause=f"make:{cause}",
        family=family,
        command=command,
        files=told | (files or {}),
        unlike=unlike and f"make:{unlike}",
        needs=("make",),
    )


MAKE = (
    _make("no rule deployy", "make error", "all:\n\techo @N@\n", "make deployy"),
    _make(
        "no rule lintt",
        "make error",
        "all:\n\techo @N@\n",
        "make lintt",
        unlike="no rule deployy",
    ),
    _make("no rule parser.o for app", "make error", "app: parser.o\n\techo @N@\n"),
    _make("missing separator", "make error", "all:\n  echo @N@\n"),
    _make("no makefile", "make error", ""),
    _make("command protocc", "exit 127", "build:\n\tprotocc --v@M@ x.proto\n"),
    _make(
        "gcc cart.c undeclared total",
        "compile error",
        "cart.o: cart.c\n\tgcc -c cart.c\n",
        files={"cart.c": "@PAD//@\nint f(void) { return total + @N@; }\n"},
        unlike="command protocc",
    ),
    _make(
        "pytest test_cart.test_sum",
        "AssertionError",
        "test:\n\t@echo running @W@\n\t@pytest -q\n",
        "make test",
        files={"test_cart.py": "@PAD#@\ndef test_sum():\n    assert @N@ == 1\n"},
    ),
    _make(
        "python loader ValueError",
        "ValueError",
        "data:\n\tpython load.py '@W@'\n",
        files={"load.py": "@PAD#@\ndef load(x):\n    return int(x)\nload('k@N@')\n"},
    ),
)


def _other(
    tool: str,
    cause: str,
    family: str,
    command: str,
    *,
    files: dict[str, str] | None = None,
    unlike: str | None = None,
    times: int = 3,
) -> Trigger:
    return Trigger(
        tool=tool,
        cause=f"{tool}:{cause}",
        family=family,
        command=command,
        files=files or {},
        unlike=unlike and f"{tool}:{unlike}",
        needs=(tool,),
        times=times,
    )


OTHERS = (
    _other(
        "psql",
        "refused",
        "psql error",
        "psql -h 127.0.0.1 -p @PORT@ -U app shop -c 'select @N@'",
    ),
    _other(
        "psql",
        "host",
        "psql error",
        "psql -h db-@M@.shop.invalid -U app shop",
        unlike="refused",
    ),
    _other(
        "psql",
        "option --databse",
        "psql error",
        "psql --databse=shop@M@",
        unlike="refused",
    ),
    _other(
        "docker", "no daemon", "docker error", "docker -H tcp://127.0.0.1:@PORT@ ps"
    ),
    _other(
        "docker",
        "command composer",
        "docker error",
        "docker composer up",
        unlike="no daemon",
    ),
    _other(
        "sqlite3",
        "no table users",
        "sqlite3 error",
        "sqlite3 shop.db 'select @N@ from users'",
    ),
    _other(
        "sqlite3",
        "no table carts",
        "sqlite3 error",
        "sqlite3 shop.db 'select @N@ from carts'",
        unlike="no table users",
    ),
    _other(
        "sqlite3",
        "no column total",
        "sqlite3 error",
        "sqlite3 shop.db 'create table t(a); select total, @N@ from t'",
        unlike="no table users",
    ),
    _other(
        "perl",
        "module JSON/Fastt.pm",
        "perl error",
        "perl load.pl",
        files={"load.pl": "@PAD#@\nuse JSON::Fastt;\nprint @N@;\n"},
    ),
    _other(
        "cmake",
        "package OpenSSLL",
        "cmake error",
        "cmake .",
        files={
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.10)\n"
            "project(app NONE)\n@PAD#@\nfind_package(OpenSSLL REQUIRED)\n"
        },
    ),
    _other(
        "cmake",
        "no CMakeLists.txt",
        "cmake error",
        "cmake .",
        unlike="package OpenSSLL",
        times=2,
    ),
    _other("mvn", "no POM", "mvn error", "mvn -o -B package", times=2),
    _other(
        "ssh", "refused", "ssh error", "ssh -o BatchMode=yes -p @PORT@ 127.0.0.1 true"
    ),
)
