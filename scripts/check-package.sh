#!/usr/bin/env bash
# The packed command, installed in an empty folder, must run. Takes a folder with the demo's bucket.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$1

npm pack --silent --pack-destination "$work" >/dev/null
mkdir -p "$work/installed"
cp .npmrc "$work/installed/"
(
  cd "$work/installed"
  echo '{"private": true}' > package.json
  npm install --silent --no-audit --no-fund "$work"/entirespace-*.tgz
  npx entirespace --help >/dev/null
  npx entirespace validate -d node_modules/entirespace/examples/hillstrom/entirespace.yaml --data node_modules/entirespace/examples/hillstrom/hillstrom.parquet
  npx entirespace score --bucket "$work/bucket" --again all "$work/bucket/candidates/hillstrom/even-rows.parquet"
)
