#!/usr/bin/env bash
# Installs @tensorflow/tfjs-node, the second training engine, on Linux x64, with nothing but npm and PyPI: its own
# installer fetches libtensorflow from a host that many networks block. The library is that of the wheel tensorflow-cpu,
# the binding is compiled from the package's sources. What is downloaded and compiled is kept in a cache, from where it is
# linked. Does nothing where the package works already.
#
#   bash scripts/setup-tfjs-node.sh [--copy] [project]
#
# project  folder of the package.json to install for; by default the one that this script is installed in
# --copy   copies the library (580 MB) instead of a link to the cache, for an image
# In a clone of entirespace itself, package.json and package-lock.json stay as they are.
# PYTHON names the interpreter (any with pip); python3 by default. ENTIRESPACE_CACHE names the cache's folder.
set -euo pipefail

VERSION=4.22.0
TENSORFLOW=2.15.1
# Of the wheel for CPython 3.11, of which no Python code is used.
TENSORFLOW_SHA256=54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26
PACKAGE_INTEGRITY=sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==
HEADERS=1.9.0
HEADERS_SHA256=6cbfac49542194ae2c8f1dee5fa2dc00d66bec9cbf3b59e3a4e5f16d14eb0d19

fail() {
  echo "setup-tfjs-node: $1" >&2
  exit 1
}

copies=false
if [ "${1-}" = --copy ]; then
  copies=true
  shift
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
project=$(cd "${1:-${root%/node_modules/entirespace}}" && pwd)
package=$project/node_modules/@tensorflow/tfjs-node
python=${PYTHON:-python3}
cache=${ENTIRESPACE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/entirespace}/tfjs-node-$VERSION-tensorflow-$TENSORFLOW

# Multiplies two matrices, and prints the library's version.
try() (
  cd "$project" && TF_CPP_MIN_LOG_LEVEL=2 node -e '
    const util = require("util"); // Node.js 23 and later lack one of the functions that the package calls.
    util.isNullOrUndefined ??= (value) => value == null;
    util.isArray ??= Array.isArray;
    const { version } = require("@tensorflow/tfjs-node/package.json");
    if (version !== process.argv[1]) throw new Error(`got version ${version}`);
    const tf = require("@tensorflow/tfjs-node");
    if (String(tf.matMul([[1, 2]], [[3], [4]]).dataSync()) !== "11") throw new Error("[1, 2] x [3, 4] is not 11");
    console.log(tf.backend().binding.TF_Version);' "$VERSION"
)

check_machine() {
  local missing=()
  if [ "$(uname -s)-$(uname -m)" != Linux-x86_64 ]; then
    echo "setup-tfjs-node: NOT RUN: got $(uname -s) on $(uname -m), expected Linux on x86_64; elsewhere the package's own installer may work: npm install --ignore-scripts=false @tensorflow/tfjs-node@$VERSION" >&2
    exit 77
  fi
  for tool in node npm g++; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  "$python" -m pip --version >/dev/null 2>&1 || missing+=("$python with pip (PYTHON names another)")
  [ ${#missing[@]} -eq 0 ] || fail "missing: $(printf '%s, ' "${missing[@]}" | sed 's/, $//') (on Debian: apt-get install g++ python3-pip)"
  [ -f "$project/package.json" ] || fail "no package.json in $project (the project is an argument)"
}

# Installs the package; a clone of entirespace keeps its package.json. There it is an optional peer, which npm leaves out
# unless it is told that it is a dependency.
install_package() {
  local how=(--save-exact)
  [ "$project" != "$root" ] || how=(--no-save --save-prod)
  (cd "$project" && npm install --loglevel=error --ignore-scripts --no-audit --no-fund "${how[@]}" "@tensorflow/tfjs-node@$VERSION") >&2 ||
    fail "npm cannot install @tensorflow/tfjs-node@$VERSION in $project: see above"
  local integrity
  integrity=$(node -p 'require(process.argv[1]).packages["node_modules/@tensorflow/tfjs-node"]?.integrity' \
    "$project/node_modules/.package-lock.json")
  [ "$integrity" = "$PACKAGE_INTEGRITY" ] ||
    fail "@tensorflow/tfjs-node@$VERSION in $project/node_modules has integrity $integrity, expected $PACKAGE_INTEGRITY"
}

# Fills a folder with the library and its headers, from the wheel.
fetch_library() {
  echo "tensorflow-cpu==$TENSORFLOW --hash=sha256:$TENSORFLOW_SHA256" >"$1/requirements.txt"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    --python-version 311 --implementation cp --abi cp311 --platform manylinux2014_x86_64 \
    --dest "$1" -r "$1/requirements.txt"
  "$python" - "$1" <<'PY'
import glob, os, shutil, sys, zipfile

folder = sys.argv[1]
HEADERS = ('tensorflow/c/', 'tensorflow/core/platform/', 'tensorflow/tsl/platform/', 'tsl/c/', 'tsl/platform/')
LIBRARIES = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')
with zipfile.ZipFile(glob.glob(f'{folder}/*.whl')[0]) as wheel:
    for name in wheel.namelist():
        header = name.removeprefix('tensorflow/include/')
        if name in LIBRARIES:
            path = f'{folder}/lib/{os.path.basename(name)}'
        elif header != name and header.startswith(HEADERS) and header.endswith('.h'):
            path = f'{folder}/include/{header}'
        elif name.count('/') == 1 and name.endswith(('/LICENSE', '/THIRD_PARTY_NOTICES.txt')):
            path = f'{folder}/lib/{os.path.basename(name)}'
        else:
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with wheel.open(name) as source, open(path, 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
PY
}

# Compiles the binding of the installed package into a folder with the library.
compile_binding() {
  (cd "$1" && npm pack --silent "node-api-headers@$HEADERS" >/dev/null)
  echo "$HEADERS_SHA256  $1/node-api-headers-$HEADERS.tgz" | sha256sum --check --quiet - || fail 'node-api-headers is not what was expected'
  tar -xzf "$1/node-api-headers-$HEADERS.tgz" -C "$1"
  g++ -std=c++17 -O2 -fPIC -shared -DNAPI_VERSION=8 -DNODE_GYP_MODULE_NAME=tfjs_binding -DBUILDING_NODE_EXTENSION \
    -I"$1/package/include" -I"$1/include" "$package/binding/tfjs_backend.cc" "$package/binding/tfjs_binding.cc" \
    -L"$1/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
    -Wl,-rpath,'$ORIGIN/../../deps/lib' -o "$1/tfjs_binding.node"
}

# The cache is filled in a folder of its own, and renamed when it is complete: an interruption leaves no half of it.
fill_cache() {
  [ ! -d "$cache" ] || return 0
  mkdir -p "$(dirname "$cache")"
  local made
  made=$(mktemp -d "$cache.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$made'" EXIT
  fetch_library "$made"
  compile_binding "$made"
  rm -rf "$made"/*.whl "$made"/*.tgz "$made/package" "$made/include" "$made/requirements.txt"
  chmod 755 "$made"
  # Another setup may have been faster.
  mv -T "$made" "$cache" 2>/dev/null || [ -d "$cache" ]
}

place_library() {
  rm -rf "$package/deps" "$package/lib"
  mkdir -p "$package/deps" "$package/lib/napi-v8"
  if "$copies"; then cp -r "$cache/lib" "$package/deps/lib"; else ln -s "$cache/lib" "$package/deps/lib"; fi
  cp "$cache/tfjs_binding.node" "$package/lib/napi-v8/tfjs_binding.node"
}

if ! { [ -d "$package" ] && library=$(try 2>/dev/null); }; then
  check_machine
  [ "$(node -p 'require(process.argv[1]).version' "$package/package.json" 2>/dev/null)" = "$VERSION" ] || install_package
  fill_cache
  place_library
  library=$(try) || fail "@tensorflow/tfjs-node $VERSION does not work in $project: see above"
fi
echo "@tensorflow/tfjs-node $VERSION with libtensorflow $library works in $project"
