#!/usr/bin/env bash
# Runs the AWS emulator on 127.0.0.1, port $1, with its log and temporary files in folder $2, until standard input
# closes: that also happens when whoever started it is killed. Then ends all that it started and removes the folder.
set -uo pipefail
port=$1
folder=$2
bin=$(cd "$(dirname "$0")/../.venv-aws/bin" && pwd)

# Job control gives the emulator a process group, which its Lambdas share.
set -m
trap : INT TERM HUP
# First on the path is the Python that has boto3. An emulator that ends by itself ends the waiting.
(
  export PATH="$bin:$PATH" TMPDIR=$folder BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 GATEWAY_PORT=$port
  "$bin/ministack" < /dev/null > "$folder/emulator.log" 2>&1
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
