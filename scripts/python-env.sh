#!/usr/bin/env bash
# Creates the Python environment of the checks in .venv from scripts/requirements.txt. Does nothing where it is up to
# date. PYTHON names the interpreter (3.11 or later); python3 by default.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
# The stamp is written last, so that an interrupted installation is started again.
stamp=.venv/installed
wanted=$("$python" --version; cat scripts/requirements.txt)

if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
  exit 0
fi
"$python" -m venv --clear .venv
echo '*' > .venv/.gitignore
.venv/bin/python -m pip install --quiet --no-deps --disable-pip-version-check -r scripts/requirements.txt
.venv/bin/python -m pip --quiet check
echo "$wanted" > "$stamp"
