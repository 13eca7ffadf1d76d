#!/usr/bin/env bash
# Checks the published model in Python: onnx.checker, names, a dynamic batch axis, and the same scores as in Node.js.
# Takes a folder with the demo's bucket. The last line of output is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
work=$1

version=$(dirname "$(ls -d "$work"/bucket/models/hillstrom/*/manifest.json | tail -n 1)")
npx tsx test/onnx/make-cases.ts "$work/cases" "$version" examples/hillstrom/hillstrom.parquet

passed=0
failed=0
check() { # name of the check, command...
  local name=$1 output line
  shift
  echo "-- $name"
  output=$("$@" 2>&1) || true
  echo "$output"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$output" | tail -n 1)
  [ -n "$line" ] || line='0 passed, 1 failed'
  read -r p _ f _ <<<"${line//,/}"
  passed=$((passed + p))
  failed=$((failed + f))
}
check 'every kind of input' .venv/bin/python test/onnx/check_model.py "$work/cases/kinds" "$work/cases/cases-kinds.json"
check 'the Hillstrom model' .venv/bin/python test/onnx/check_model.py "$version" "$work/cases/cases-version.json"
check 'the checker itself' .venv/bin/python scripts/run-unittest.py test/onnx test_check_model.py
printf '%d passed, %d failed\n' "$passed" "$failed"
