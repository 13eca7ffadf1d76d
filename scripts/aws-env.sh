#!/usr/bin/env bash
# Creates the Python environment of the AWS emulator in .venv-aws from scripts/requirements-aws.txt. Does nothing where
# it is up to date. PYTHON names the interpreter (3.11 or later); python3 by default.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
# The stamp is written last, so that an interrupted installation is started again.
stamp=.venv-aws/installed
wanted=$("$python" --version; cat scripts/requirements-aws.txt)

if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
  exit 0
fi
"$python" -m venv --clear .venv-aws
echo '*' > .venv-aws/.gitignore
.venv-aws/bin/python -m pip install --quiet --no-deps --disable-pip-version-check -r scripts/requirements-aws.txt
.venv-aws/bin/python -m pip --quiet check
echo "$wanted" > "$stamp"
