"""Real causes of npm, pnpm and pip; registries are local servers or none."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path
from typing import Any

from trigger import Trigger, named

_QUIET = "--no-audit --no-fund --fetch-retries=0"
_NPM = f"npm install {_QUIET} --registry @SERVER@/npm"


def _package(**more: str) -> str:
    parts = [f'"{key}": {value}' for key, value in more.items()]
    return "{" + ", ".join(['"name": "app"', '"version": "1.@M@.0"', *parts]) + "}"


def _npm(
    cause: str, family: str, command: str, package: str | None = None, **more: Any
) -> Trigger:
    told = {"package.json": _package() if package is None else package}
    return named("npm", cause, family, command=command, **{"files": told} | more)


def _needs(**packages: str) -> str:
    inner = ", ".join(f'"{name}": "{spec}"' for name, spec in packages.items())
    return _package(dependencies="{" + inner + "}")


NPM = (
    _npm("E404 lodahs", "E404", f"{_NPM} lodahs"),
    _npm("E404 reakt-dom", "E404", f"{_NPM} reakt-dom", unlike="E404 lodahs"),
    _npm("ETARGET leftpadd@9.9.9", "ETARGET", f"{_NPM} leftpadd@9.9.9"),
    _npm(
        "ETARGET leftpadd@7.0.1",
        "ETARGET",
        f"{_NPM} leftpadd@7.0.1",
        unlike="ETARGET leftpadd@9.9.9",
    ),
    _npm(
        "ETARGET rightpadd@9.9.9",
        "ETARGET",
        f"{_NPM} rightpadd@9.9.9",
        unlike="ETARGET leftpadd@9.9.9",
    ),
    _npm("ERESOLVE formish", "ERESOLVE", f"{_NPM} formish", _needs(reactish="18.2.0")),
    _npm(
        "ERESOLVE chartish",
        "ERESOLVE",
        f"{_NPM} chartish",
        _needs(reactish="18.2.0"),
        unlike="ERESOLVE formish",
    ),
    _npm("ENOENT package.json", "ENOENT", "npm run build", files={}),
    _npm("EJSONPARSE", "EJSONPARSE", "npm run build", '{"name": "@W@",, "v": @N@}'),
    _npm("no script lint", "npm error", "npm run lint"),
    _npm("no script e2e", "npm error", "npm run e2e", unlike="no script lint"),
    _npm(
        "E401", "E401", f"npm install {_QUIET} --registry @SERVER@/npm401 private-tool"
    ),
    _npm(
        "E403",
        "E403",
        f"npm install {_QUIET} --registry @SERVER@/npm403 private-tool",
        unlike="E401",
    ),
    _npm(
        "E500", "E500", f"npm install {_QUIET} --registry @SERVER@/status/500 big-tool"
    ),
    _npm(
        "ECONNREFUSED",
        "ECONNREFUSED",
        f"npm install {_QUIET} --registry http://127.0.0.1:@PORT@ leftpadd",
    ),
    _npm(
        "EBADENGINE futureonly",
        "EBADENGINE",
        f"{_NPM} --engine-strict futureonly",
    ),
    _npm("EBADPLATFORM winonly", "EBADPLATFORM", f"{_NPM} winonly"),
    _npm("EUSAGE no lock", "EUSAGE", "npm ci"),
    _npm("ENOLOCK audit", "ENOLOCK", "npm audit", unlike="EUSAGE no lock"),
    _npm(
        "EUNSUPPORTEDPROTOCOL workspace:",
        "EUNSUPPORTEDPROTOCOL",
        _NPM,
        _needs(shared="workspace:*"),
    ),
    _npm(
        "script test MODULE_NOT_FOUND ./helper",
        "MODULE_NOT_FOUND",
        "npm test",
        _package(scripts='{"test": "node test.js"}'),
        files={
            "package.json": _package(scripts='{"test": "node test.js"}'),
            "test.js": "@PAD//@\nrequire('./helper')(@N@);\n",
        },
    ),
    _npm(
        "script build webpackk",
        "exit 127",
        "npm run build",
        _package(scripts='{"build": "webpackk --mode @W@"}'),
    ),
)

PNPM = (
    Trigger(
        tool="pnpm",
        cause="pnpm:ERR_PNPM_FETCH_404 lodahs",
        family="ERR_PNPM_FETCH_404",
        needs=("pnpm",),
        command="pnpm add lodahs --registry @SERVER@/npm",
        files={"package.json": _package()},
    ),
    Trigger(
        tool="pnpm",
        cause="pnpm:ERR_PNPM_NO_MATCHING_VERSION leftpadd@9.9.9",
        family="ERR_PNPM_NO_MATCHING_VERSION",
        unlike="pnpm:ERR_PNPM_FETCH_404 lodahs",
        needs=("pnpm",),
        command="pnpm add leftpadd@9.9.9 --registry @SERVER@/npm",
        files={"package.json": _package()},
    ),
    Trigger(
        tool="pnpm",
        cause="pnpm:ERR_PNPM_NO_IMPORTER_MANIFEST_FOUND",
        family="ERR_PNPM_NO_IMPORTER_MANIFEST_FOUND",
        needs=("pnpm",),
        command="pnpm run build",
        times=2,
    ),
    Trigger(
        tool="pnpm",
        cause="pnpm:ERR_PNPM_NO_SCRIPT lint",
        family="ERR_PNPM_NO_SCRIPT",
        needs=("pnpm",),
        command="pnpm run lint",
        files={"package.json": _package()},
        times=2,
    ),
)


def _wheels(folder: Path) -> None:
    """A folder of tiny wheels, the only index that pip gets."""
    for name, version, more in (
        ("sixish", "1.15.0", ""),
        ("sixish", "1.16.0", ""),
        ("alphalib", "1.0", "Requires-Dist: sixish==1.15.0\n"),
        ("betalib", "1.0", "Requires-Dist: sixish==1.16.0\n"),
        ("newpython", "2.1", "Requires-Python: >=3.99\n"),
    ):
        _wheel(folder / "wheels", name, version, more)


def _wheel(folder: Path, name: str, version: str, more: str) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", head)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


_pip = partial(Trigger, tool="pip", setup=_wheels)
_INSTALL = "@TOOLS@/venv/bin/pip install --dry-run --find-links wheels"
PIP = (
    _pip(
        cause="pip:no distribution reqests",
        family="pip error",
        command=f"{_INSTALL} reqests",
    ),
    _pip(
        cause="pip:no distribution numpyy",
        family="pip error",
        unlike="pip:no distribution reqests",
        command=(f"{_INSTALL} numpyy", f"{_INSTALL} -r requirements.txt"),
        files={"requirements.txt": "@PAD#@\nnumpyy\n"},
    ),
    _pip(
        cause="pip:no distribution sixish==99.0",
        family="pip error",
        command=f"{_INSTALL} sixish==99.0",
    ),
    _pip(
        cause="pip:no distribution sixish==42.1",
        family="pip error",
        unlike="pip:no distribution sixish==99.0",
        command=f"{_INSTALL} sixish==42.1",
    ),
    _pip(
        cause="pip:conflict alphalib betalib",
        family="ResolutionImpossible",
        command=f"{_INSTALL} alphalib betalib",
    ),
    _pip(
        cause="pip:ENOENT requirements-dev.txt",
        family="ENOENT",
        command=f"{_INSTALL} -r requirements-dev.txt",
    ),
    _pip(
        cause="pip:ENOENT requirements-test.txt",
        family="ENOENT",
        unlike="pip:ENOENT requirements-dev.txt",
        command=f"{_INSTALL} -r requirements-test.txt",
    ),
    _pip(
        cause="pip:no distribution flask==",
        family="pip error",
        command=f"{_INSTALL} -r requirements.txt",
        files={"requirements.txt": "@PAD#@\nflask==\n"},
    ),
    _pip(
        cause="pip:python too old for newpython",
        family="pip error",
        command=f"{_INSTALL} wheels/newpython-2.1-py3-none-any.whl",
    ),
    _pip(
        cause="pip:no such option --fastt",
        family="pip error",
        command=f"{_INSTALL} --fastt sixish",
        times=2,
    ),
)
