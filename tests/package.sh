#!/bin/sh
# Build sdist and wheel into dist/, install the wheel with the locked versions of
# what it needs, and run it where folders of the workspace carry our names.
set -eu

cd "$(dirname "$0")/.."
rm -rf dist
python -m build --no-isolation --outdir dist . >/dev/null
ls dist

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The lock without its hashes: pip refuses a local wheel beside hashed ones.  The
# same versions were just installed with hashes by `make`.
sed -n 's/^\([A-Za-z0-9._-]*==[^ ;]*\).*/\1/p' requirements.lock >"$work/constraints.txt"
python -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet \
  --constraint "$work/constraints.txt" dist/*.whl

# A workspace is written by an agent: its code must never run inside ours.
plant() { # PACKAGE...
  for package in "$@"; do
    mkdir -p "$package"
    echo 'raise SystemExit("the code of the workspace ran")' >"$package/__init__.py"
    cp "$package/__init__.py" "$package/main.py"
  done
}
mkdir "$work/hostile" "$work/beside"
cd "$work/hostile"
plant lokid projections cli
"$work/venv/bin/lokictl" --version
"$work/venv/bin/python" -P -m lokid --version
cd "$work/beside"
plant projections cli
PYTHONPATH=. "$work/venv/bin/lokictl" --version
"$work/venv/bin/python" -m lokid --version
echo "the wheel runs, also beside folders named lokid, projections and cli"
