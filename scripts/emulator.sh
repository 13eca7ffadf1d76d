#!/usr/bin/env bash
# Runs an AWS emulator, $3 (ministack or localstack), on port $1 of 127.0.0.1, with its log and temporary files in
# folder $2, until standard input closes, which also happens when the parent process is killed. Then ends every process
# that it started and removes the folder.
set -uo pipefail
port=$1
folder=$2
name=$3
root=$(cd "$(dirname "$0")/.." && pwd)

ministack() {
  # The Python of the environment comes first on the path, because the emulator's Lambdas need its boto3.
  export PATH="$root/.venv-aws/bin:$PATH" BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 GATEWAY_PORT=$port
  "$root/.venv-aws/bin/ministack"
}

localstack() {
  export GATEWAY_LISTEN=127.0.0.1:$port LOCALSTACK_HOST=127.0.0.1:$port SQS_ENDPOINT_STRATEGY=path
  # Keeps its files in the folder; in a container, LocalStack would use /var/lib.
  export OVERRIDE_IN_DOCKER=0 FILESYSTEM_ROOT=$folder
  # No telemetry, and no downloads.
  export DISABLE_EVENTS=1 SKIP_SSL_CERT_DOWNLOAD=1 DNS_ADDRESS=0
  # LocalStack ignores the host of GATEWAY_LISTEN and would listen on all interfaces.
  "$root/.venv-localstack/bin/python" -c '
from functools import partial
from twisted.internet import endpoints
endpoints.TCP4ServerEndpoint = partial(endpoints.TCP4ServerEndpoint, interface="127.0.0.1")
from localstack.runtime import main
main.main()'
}

# With job control, the emulator and its Lambdas are a process group of their own.
set -m
trap : INT TERM HUP
# If the emulator ends by itself, this process is interrupted, and so stops waiting for its input.
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

# The shell's messages about the processes that end from here on are not shown.
exec 2> /dev/null
kill -TERM -- "-$emulator"
for _ in {1..50}; do
  kill -0 -- "-$emulator" || break
  sleep 0.1
done
kill -KILL -- "-$emulator"
kill "$input"
rm -rf "$folder"
