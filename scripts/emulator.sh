#!/usr/bin/env bash
# Runs an AWS emulator, $3 (ministack, or localstack), on 127.0.0.1, port $1, with its log and temporary files in folder
# $2, until standard input closes: that also happens when whoever started it is killed. Then ends all that it started
# and removes the folder.
set -uo pipefail
port=$1
folder=$2
name=$3
root=$(cd "$(dirname "$0")/.." && pwd)

ministack() {
  # First on the path is the Python that has boto3.
  export PATH="$root/.venv-aws/bin:$PATH" BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 GATEWAY_PORT=$port
  "$root/.venv-aws/bin/ministack"
}

localstack() {
  export GATEWAY_LISTEN=127.0.0.1:$port LOCALSTACK_HOST=127.0.0.1:$port SQS_ENDPOINT_STRATEGY=path
  # Not under /var/lib, wherever it believes to be.
  export OVERRIDE_IN_DOCKER=0 FILESYSTEM_ROOT=$folder
  # Nothing is fetched from elsewhere, or sent there.
  export DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1 DNS_ADDRESS=0
  # Of its address it takes the port only, and would listen to everybody.
  "$root/.venv-localstack/bin/python" -c '
from functools import partial
from twisted.internet import endpoints
endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
from localstack.runtime import main
main.main()'
}

# Job control gives the emulator a process group, which its Lambdas share.
set -m
trap : INT TERM HUP
# An emulator that ends by itself ends the waiting.
(
  export TMPDIR=$folder
  "$name" < /dev/null > "$folder/emulator.log" 2>&1
  tail -n 20 "$folder/emulator.log" >&2
  kill "$$"
) &
emulator=$!
cat <&0 > /dev/null &
input=$!
wait "$input"

# Of what ends from here on, nobody needs to hear.
exec 2> /dev/null
kill -TERM -- "-$emulator"
for _ in {1..50}; do
  kill -0 -- "-$emulator" || break
  sleep 0.1
done
kill -KILL -- "-$emulator"
kill "$input"
rm -rf "$folder"
