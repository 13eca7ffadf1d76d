#!/usr/bin/env bash
# Creates a Python environment from its pinned requirements. Does nothing where it is up to date.
#
#     python-env.sh          .venv, of the checks:                 scripts/requirements.txt
#     python-env.sh aws      .venv-aws, of the AWS emulator:       scripts/requirements-aws.txt
#     python-env.sh torch    .venv-torch, of the trainer:          scripts/requirements-torch.txt
#     python-env.sh readers  .venv-readers, what reads scores:     scripts/requirements-readers.txt
#
# PYTHON names the interpreter (3.11 or later); python3 by default.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
suffix=${1:+-$1}
environment=.venv$suffix
requirements=scripts/requirements$suffix.txt
# The stamp is written last, so that an interrupted installation is started again.
stamp=$environment/installed
wanted=$("$python" --version; cat "$requirements")

if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
  exit 0
fi
"$python" -m venv --clear "$environment"
echo '*' > "$environment/.gitignore"
"$environment/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check -r "$requirements"
"$environment/bin/python" -m pip --quiet check
echo "$wanted" > "$stamp"
