"""Containers, clusters and what is built for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lokid.extract.extractor import SUM, Extractor, Found, Sample, by_pattern

_ENDPOINT = re.compile(r"(?<=endpoint )\S+ \(\w+\)")
_EXITED = re.compile(
    r"(?P<what>[a-z][\w.-]*?)(?:[-_]\d+)? exited with code (?P<code>[1-9]\d*)$"
)
_DAEMON = re.compile(
    r"(?:docker: |ERROR: )?(?:Error response from daemon: (?P<said>.+)"
    r"|(?P<down>Cannot connect to the Docker daemon).*)"
)
_SOLVE = re.compile(r"(?:ERROR: )?failed to (?:solve|build): (?P<said>.+)")
_KUBE = re.compile(
    r"(?P<down>The connection to the server) .+(?P<why>was refused)"
    r"|Error from server \((?P<code>\w+)\): (?P<said>.+)"
)
_FRAMED = re.compile(r"(?P<frame>[\u2502|]\s*)?Error: (?P<said>.+)")
_ON_FILE = re.compile(r"[\u2502|]?\s*on (?P<file>\S+\.tf) line \d+")
_CALLED = re.compile(r".*\b(?:with the name|named) \"(?P<name>[^\"]+)\"")
_TERRAFORM = re.compile(r".*(?:\bterraform\b|\bTerraform\b|\.tf\b)")


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
    """Terraform may frame its errors; the file and the name stand below."""
    found = _FRAMED.match(lines[at].strip())
    if found is None:
        return None
    below = lines[at + 1 : at + 11]
    where = next(filter(None, map(_ON_FILE.match, below[:4])), None)
    spoken = found["frame"] or where or any(map(_TERRAFORM.match, below))
    if not spoken or (below and below[0].startswith((" ", "\t"))):
        return None
    called = next(filter(None, map(_CALLED.match, below)), None)
    name = f": {called['name']}" if called else ""
    file = where["file"].split("/")[-1] if where else ""
    return Found(f"terraform: {found['said']}{name}", (file,) if file else ())


_KUBECTL = re.compile(
    r"error: (?P<said>timed out waiting for the condition"
    r"|the path \".+\" does not exist"
    r"|the server doesn't have a resource type .+|context \".+|no matches for .+)"
)


def _kubectl(lines: Sequence[str], at: int) -> Found | None:
    """What kubectl says without its name."""
    found = _KUBECTL.match(lines[at].strip())
    if found is None:
        return None
    said = found["said"]
    late = said.startswith("timed out")
    return Found(f"timeout: kubectl: {said}" if late else f"kubectl: {said}")


EXTRACTORS = (
    Extractor(
        name="kubectl's own",
        words=(
            "imed out waiting",
            "error: the path ",
            "error: the server",
            "error: context ",
            "error: no matches for ",
        ),
        find=_kubectl,
        samples=(
            Sample(
                'error: the path "till.yaml" does not exist',
                'kubectl: the path "till.yaml" does not exist',
                "kubectl error",
            ),
            Sample(
                "error: timed out waiting for the condition",
                "timeout: kubectl: timed out waiting for the condition",
                "timeout",
            ),
        ),
    ),
    Extractor(
        name="service that compose waits for",
        words=("dependency failed to start",),
        find=by_pattern(r"dependency failed to start: (?P<said>.+)", "docker: {said}"),
        samples=(
            Sample(
                "dependency failed to start: container till-db is unhealthy",
                "docker: container till-db is unhealthy",
                "docker error",
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
            Sample(
                "Error: Reference to undeclared local value\n\n"
                '  on main.tf line 2, in output "till":\n   2:   value = local.till\n'
                '\nA local value with the name "till" has not been declared.',
                "terraform: Reference to undeclared local value: till",
                "terraform error",
                ("main.tf",),
            ),
        ),
    ),
)
