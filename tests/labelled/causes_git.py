"""Real causes of git."""

from __future__ import annotations

from typing import Any

from trigger import Trigger, named

_REPO = "git init -q -b main . && git add -A && git commit -qm 'start @W@'"


def _git(cause: str, family: str, command: str, **more: Any) -> Trigger:
    return named(
        "git",
        cause,
        family,
        command=command,
        files={"src/app.py": "@PAD#@\nprint(@N@)\n", "src/db.py": "x = @N@\n"},
        **{"before": _REPO} | more,
    )


def _conflict(file: str) -> str:
    commit = "git add -A; git commit -qm"
    return (
        f"{_REPO}; git switch -qc topic;"
        f" echo 'a = @M@' > src/{file}; {commit} topic@N@;"
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
