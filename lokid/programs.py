"""What is known of programs: their options, their subcommands, what they start.

Tables only, each a public fact of a program's manual.  A program that is not
named here is read by the general rules of ``command.py``.
"""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _options(table: dict[str, str]) -> dict[str, frozenset[str]]:
    return {
        name: _names(options)
        for names, options in table.items()
        for name in names.split()
    }


VALUED = _options(
    {
        "git": "-C -c -m -F -b -B -S -G -n -o --git-dir --work-tree --author --date"
        " --message --branch --depth --origin --format",
        "make gmake just": "-C -f -j -I -o -W -l --directory --file --jobs",
        "ninja": "-C -f -j -k -t",
        "cmake": "-S -B -G -D --build --target --preset -j",
        "curl": "-H -d -X -o -u -A -e -b -c -C -F -T -x -m -w -D -K -E -U -r -Y -y -z"
        " --data --data-raw --data-binary --request --output --url --form --cookie"
        " --max-time --retry --connect-timeout --resolve --proxy --cert --cacert",
        "wget": "-O -o -P -U -t -T -a --output-document --timeout --tries",
        "psql createdb dropdb createuser pg_dump pg_restore pg_isready": "-h -p -U -d"
        " -c -f -v -o -F -R -P -t -n -T -O -E -l -L --host --port --username --dbname"
        " --command --file --set",
        "mysql mysqldump mysqladmin mariadb": "-h -P -u -D -e -S --host --port"
        " --database --execute --socket",
        "redis-cli": "-h -p -a -n -u -s",
        "mongo mongosh": "-u -p --host --port --eval",
        "sqlite3": "-cmd -separator",
        "python python2 python3": "-c -W -X",
        "node": "-e -p -r --eval --print --require --import --loader",
        "deno": "--config --import-map",
        "perl": "-e -E -I",
        "ruby": "-e -I -r -C",
        "php": "-r -d -c",
        "bash sh zsh dash ksh": "-o -O",
        "pytest py.test": "-k -m -n -p -c -o -W -r --rootdir --tb --maxfail --cov"
        " --cov-report --ignore --deselect --durations --timeout --junitxml --color",
        "npm pnpm yarn": "-C -w -F --prefix --dir --workspace --registry --filter",
        "npx bunx pnpx": "-p -c --package --call",
        "cargo": "-p -j -F --package --bin --test --example --bench --features"
        " --manifest-path --target --target-dir --profile --jobs --color",
        "go": "-run -bench -count -timeout -tags -o -C -ldflags -gcflags -p -mod"
        " -coverprofile -parallel -cpu -benchtime -fuzz -exec -covermode -race=",
        "docker podman docker-compose": "-v -p -e -w -u -f -t -l -m -H --name --network"
        " --env --volume --file --tag --user --workdir --entrypoint --env-file"
        " --build-arg --platform --target --publish --mount --format --filter --tail",
        "kubectl oc": "-n -f -l -o -c --namespace --filename --selector --output"
        " --container --context --kubeconfig --tail --replicas",
        "helm": "-n -f --namespace --values --set --version --kube-context",
        "pip pip3": "-r -c -e -i -t -d --index-url --extra-index-url --target --prefix"
        " --requirement --constraint --find-links --timeout",
        "uv": "-p --python --with --extra --group --project --directory --index-url",
        "poetry": "-C --directory --group --with --without --extras",
        "conda mamba": "-n -p -c --name --prefix --channel",
        "bundle": "--gemfile",
        "apt apt-get": "-o -t -c",
        "brew": "",
        "terraform tofu": "-target -var -var-file -state",
        "aws": "--region --profile --output --query --endpoint-url",
        "gcloud": "--project --region --zone --format --filter",
        "gh": "-R -b -t -F -f -H -B -l -a -q --repo --body --title --base --head"
        " --label --assignee --json --jq --limit",
        "grep egrep fgrep": "-e -f -A -B -C -m -d --include --exclude --exclude-dir",
        "rg": "-e -f -A -B -C -m -g -t -T -M --glob --type --max-count",
        "find": "-name -iname -path -ipath -type -maxdepth -mindepth -mtime -mmin"
        " -size -newer -user -group -perm -regex",
        "fd": "-e -t -d -E --extension --type --max-depth --exclude",
        "sed gsed": "-e -f --expression --file",
        "awk gawk mawk": "-F -v -f",
        "head tail": "-n -c --lines --bytes",
        "sort": "-k -t -o -S",
        "cut": "-d -f -c -b",
        "tr": "",
        "tar": "-f -C -I --file --directory --exclude",
        "zip unzip": "-d -x -P",
        "ldapsearch ldapmodify ldapadd ldapdelete": "-w -y -D -H -b",
        "xargs": "-n -I -P -L -d -a -E -s --max-args --max-procs --replace",
        "timeout gtimeout": "-k -s --kill-after --signal",
        "sudo doas": "-u -g -h -p -C -U -D -R -T",
        "env": "-u -C -S --unset --chdir --split-string",
        "nice": "-n --adjustment",
        "ionice": "-c -n -p",
        "stdbuf": "-i -o -e",
        "watch": "-n --interval",
        "time": "-f -o",
        "exec": "-a",
        "strace ltrace": "-e -o -p -s",
        "sshpass": "-p -f -d -P",
        "gcc g++ cc c++ clang clang++": "-o -I -L -D -U -x -isystem -include -MF -MT",
        "java javac": "-cp -classpath -d -m --class-path --module-path --release",
        "mvn": "-f -pl -P -s -T",
        "gradle gradlew ./gradlew": "-p -b -x -P --tests --project-dir --exclude-task",
        "dotnet": "-c -o -f -r --configuration --output --framework --filter",
        "jq yq": "--arg --argjson --indent --slurpfile",
        "tsc": "-p --project --outDir --target --module",
        "eslint": "-c -f --config --ext --format --max-warnings --rule",
        "prettier": "--config --parser",
        "jest vitest": "-t -c --config --testNamePattern --project --reporter",
        "ruff mypy black isort flake8": "-p -m -c --config --config-file --select"
        " --ignore --line-length --python-version --package",
        "uvicorn gunicorn flask": "-b -w -k -p -h -A --host --port --workers --app",
        "useradd usermod": "",
        "service systemctl journalctl": "-u -n -t --unit --lines --since --until",
    }
)
"""Options that take the next word as their value."""

FLAG_P = _names(
    "cd cp declare df dpkg export find install less ls lsof mkdir mv netstat patch ps"
    " pwd readonly rmdir rsync ss touch tree type"
)
"""Programs that are not in `VALUED`, whose -p or -P takes no value that is a secret.

Of any other program it may be a password: what follows it is left out."""

CLUSTERED = _names(
    "bash curl dash git grep ksh make mysql psql rg sed sh sort tar xargs zsh"
)
"""Programs whose short options are written together: ``tar -xzf x.tar``."""

TELLING = _options(
    {
        "npm": "--legacy-peer-deps --force --ignore-scripts",
        "pnpm": "--force --no-frozen-lockfile --shamefully-hoist --ignore-scripts",
        "yarn": "--force --ignore-engines --ignore-scripts",
        "pip pip3": "--break-system-packages --user --no-build-isolation --pre",
        "git": "--force --force-with-lease --no-verify --rebase --abort --continue"
        " --allow-unrelated-histories --allow-empty --hard",
        "docker podman": "--no-cache --force-recreate --privileged",
        "apt apt-get": "--fix-broken --fix-missing",
        "cargo": "--locked --offline --allow-dirty",
        "eslint ruff": "--fix --unsafe-fixes",
        "prettier": "--write",
    }
)
"""Options that are a remedy or a force: with them it is another command."""

HEAD_OPTIONS = frozenset({"-m"}).union(*TELLING.values())
"""All options that a head may hold (``python -m``)."""

SUBCOMMANDS = _names(
    "alembic ansible apk apt apt-get aws az brew buf bun bundle cargo composer conda"
    " deno dnf docker docker-compose dotnet firebase flutter flyctl gcloud gem gh git"
    " glab go hatch helm heroku kubectl launchctl lokictl mamba mise mix netlify npm"
    " nvm oc pdm pip pip3 pipenv pipx pnpm podman poetry prisma pulumi pyenv rails"
    " rustup rye service supabase svn swift systemctl terraform tofu turbo uv vagrant"
    " vercel wrangler yarn yum zig"
)
"""Programs whose first argument is a subcommand."""

SECOND_SUBCOMMANDS = {
    name: _names(words)
    for name, words in {
        "git": "bisect config lfs remote stash submodule worktree",
        "docker": "buildx compose container context image network system volume",
        "podman": "compose container image network system volume",
        "kubectl": "config rollout set top",
        "go": "mod tool work",
        "uv": "pip tool",
        "gh": "api auth issue pr release repo run secret workflow",
        "aws": "cloudformation ec2 ecr ecs iam lambda logs rds s3 s3api sqs ssm sts",
        "gcloud": "app artifacts auth builds compute config container functions run",
        "az": "acr account aks group login storage webapp",
        "dotnet": "ef nuget tool",
        "helm": "dependency repo",
        "terraform": "state workspace",
        "rustup": "component target toolchain",
        "prisma": "db migrate",
    }.items()
}
"""Subcommands that have subcommands of their own."""

WRAPPERS = _names(
    "caffeinate chronic doas gtimeout ionice ltrace nice parallel setsid sshpass stdbuf"
    " strace sudo timeout unbuffer watch xargs xvfb-run"
)
"""Programs that run another and may fail by themselves: told with it."""

QUIET_WRAPPERS = _names("builtin command env exec nohup time")
"""Programs that run another and add nothing: told after it."""

SHELLS = _names("bash dash ksh sh zsh")
"""Programs that take a line of shell after ``-c``."""

TIMED = _names("gtimeout timeout")
"""Wrappers whose first word may be a duration."""

LAUNCHERS: tuple[tuple[str, ...], ...] = (
    ("npx",), ("bunx",), ("pnpx",), ("uvx",),
    ("npm", "exec"), ("npm", "x"), ("pnpm", "exec"), ("pnpm", "dlx"), ("yarn", "exec"),
    ("yarn", "dlx"), ("bun", "x"), ("uv", "run"), ("poetry", "run"), ("pipenv", "run"),
    ("pipx", "run"), ("conda", "run"), ("mamba", "run"), ("hatch", "run"),
    ("rye", "run"), ("pdm", "run"), ("bundle", "exec"), ("mise", "exec"),
)  # fmt: skip
"""What finds a program that need not be on the path, and runs it."""

PYTHONS = _names("python python2 python3 pypy pypy3 py")
"""``python -m X`` runs the module X."""

FILLERS = _names(
    "alias break cd continue echo exit export false let local mapfile popd"
    " printf pushd pwd read readonly return set shift shopt sleep source test trap true"
    " type ulimit umask unalias unset wait"
)
"""What prepares or reports: never the main command where another is there."""

HELPERS = _names(
    "cat chmod clear cp cut date df dirname du file free head hostname kill less ln ls"
    " lsof mkdir mv pkill ps rm rmdir sort stat tail tee touch tr tree uname uniq"
    " uptime wc which whoami"
)
"""What looks or tidies up: not the main command where one does the work."""

LOOKING = frozenset(
    {"git add", "git branch", "git diff", "git log", "git show", "git status"}
)
"""Subcommands that only look or prepare."""

UNTOLD = _names(
    "adduser alias chown chpasswd echo expect export ftp gpg htpasswd kinit let local"
    " login mysqladmin nc netcat op openssl pass passwd printf read readonly rsync scp"
    " secret-tool security set sftp smbclient ssh ssh-add ssh-keygen su telnet test"
    " trap unset useradd usermod userdel vault"
)
"""Programs whose arguments are people's words, hosts or secrets: left out."""

SAME = {".": "source", ":": "true", "[": "test", "[[": "test"}
"""Programs that have a name in letters, too."""

WORDS = _names(
    "! { } case coproc do done elif else esac fi for function if in select then"
    " until while"
)
"""Words of the shell itself."""

HEADERS = _names("case for function select")
"""Of these, what begins something that is no command."""
