"""Real causes of bash and coreutils."""

from __future__ import annotations

from typing import Any

from trigger import Trigger, named


def _bash(cause: str, family: str, script: str, **more: Any) -> Trigger:
    """A script that fails in its last line, below lines of varying number."""
    return named(
        "bash",
        cause,
        family,
        files={"run.sh": f"@PAD#@\necho starting @W@\n{script}\n"},
        command=("bash run.sh", "bash < run.sh", ". ./run.sh", "sh run.sh"),
        **more,
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
        needs=(tool,),
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
    _core("jq", "syntax", "jq error", "echo '{}' | jq '.rows[@N@] |'"),
    _core(
        "unzip", "not a zip", "unzip error", "echo @N@ > bundle.zip; unzip bundle.zip"
    ),
)
