#!/usr/bin/env bash
# Checks the packed product, installed in an empty folder: the command runs, the Lambda asset can be built, and the
# programs of docs/library.md and docs/networks.md are type-checked and run, a model of one's own trained and scored; the JSON schema and the
# pages are there. Takes a folder with the demo's bucket.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$1
root=$PWD

npm pack --silent --pack-destination "$work" >/dev/null
mkdir -p "$work/installed"
cp .npmrc "$work/installed/"
cp test/package/* "$work/installed/"
npx tsx scripts/library-pages.ts "$work/installed"
# Prints the version of a package that this repository is locked to.
version() { node -p "require('$root/package.json').devDependencies['$1']"; }
(
  cd "$work/installed"
  npm install --silent --no-audit --no-fund "$work"/entirespace-*.tgz
  npx entirespace --help >/dev/null
  for file in lib/config/entirespace.schema.json docs/declaration.md docs/contract.md README.md \
    training/torch/train.py training/torch/requirements.txt; do
    [ -s "node_modules/entirespace/$file" ] || { echo "$file is not in the package"; exit 1; }
  done
  npx entirespace validate -d node_modules/entirespace/examples/hillstrom/entirespace.yaml --data node_modules/entirespace/examples/hillstrom/hillstrom.parquet
  npx entirespace score --bucket "$work/bucket" --again all "$work/bucket/candidates/hillstrom/even-rows.parquet"
  npx entirespace train own.yaml --data node_modules/entirespace/examples/hillstrom/hillstrom.parquet --bucket own
  rm my-model.ts
  npx entirespace score node_modules/entirespace/examples/hillstrom/hillstrom.parquet --bucket own
  cp "$root/test/package/my-model.ts" .
  npx entirespace build-lambda
  npm install --silent --no-audit --no-fund "aws-cdk-lib@$(version aws-cdk-lib)" "constructs@$(version constructs)" \
    "typescript@$(version typescript)" "@types/node@$(version @types/node)" \
    "@tensorflow/tfjs-backend-cpu@$(version @tensorflow/tfjs-backend-cpu)"
  npx tsc -p .
  node library.js
  node networks.js
)
