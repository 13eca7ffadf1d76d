#!/usr/bin/env bash
# Creates the Python environment of `npm run bench -- --only yardstick` in .venv-bench from
# bench/yardstick/requirements.txt. Does nothing where it is up to date. PYTHON names the interpreter (3.11 or later);
# python3 by default.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
requirements=bench/yardstick/requirements.txt
# The stamp is written last, so that an interrupted installation is started again.
stamp=.venv-bench/installed
wanted=$("$python" --version; cat "$requirements")

if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
  exit 0
fi
"$python" -m venv --clear .venv-bench
echo '*' > .venv-bench/.gitignore
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r "$requirements"
.venv-bench/bin/python -m pip --quiet check
echo "$wanted" > "$stamp"
