#!/usr/bin/env bash
# Creates the Python environment of LocalStack in .venv-localstack from scripts/requirements-localstack.txt. Does
# nothing where it is up to date. LocalStack needs Python 3.12 or newer: the one that PYTHON312 names, else the first
# found of python3.13, python3.12 and pyenv's versions. Without one, exits with 77, which callers treat as "not run".
set -euo pipefail
cd "$(dirname "$0")/.."

is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2> /dev/null
}

find_python() {
  local python versions
  versions=$(pyenv root 2> /dev/null || echo "$HOME/.pyenv")/versions
  for python in "${PYTHON312:-}" python3.13 python3.12 "$versions"/3.13*/bin/python3 "$versions"/3.12*/bin/python3; do
    if is_new_enough "$python"; then
      command -v "$python"
      return
    fi
  done
  return 1
}

if ! python=$(find_python); then
  echo 'LocalStack: NOT RUN (no Python 3.12 or newer)'
  exit 77
fi

# The stamp is written last, so that an interrupted installation is started again.
stamp=.venv-localstack/installed
wanted=$("$python" --version; cat scripts/requirements-localstack.txt)

if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
  exit 0
fi
"$python" -m venv --clear .venv-localstack
echo '*' > .venv-localstack/.gitignore
.venv-localstack/bin/python -m pip install --quiet --no-deps --disable-pip-version-check -r scripts/requirements-localstack.txt
.venv-localstack/bin/python -m pip --quiet check
echo "$wanted" > "$stamp"
