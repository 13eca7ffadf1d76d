"""Compares the steps of bundles on a device with those of the product's own engine, as `write-cases.ts` wrote both.

    python check_cases.py <folder> [options of train.py]
    torchrun --nproc-per-node 2 --standalone check_cases.py <folder> --divide-tables    # all processes on one device, over gloo
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "training/torch"))
import torch.distributed
from exchange import process, processes, together
from train import arguments, train

MOST = 1e-5


def relative(actual: float, expected: float) -> float:
    """Returns the relative difference of a loss; one that must be 0 and is not differs infinitely."""
    if actual == expected:
        return 0.0
    return abs(actual - expected) / abs(expected) if expected != 0 else math.inf


def steps_of(path: pathlib.Path) -> list[dict[str, float]]:
    """Returns the losses of steps by name."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def check(bundle: pathlib.Path, out: pathlib.Path, options: list[str]) -> tuple[float, str]:
    """Trains the steps of a bundle; returns the greatest relative difference of a loss from the product's, and where it is."""
    expected = steps_of(bundle.with_name(f"{bundle.name}.losses"))
    losses = out / "losses"
    code = train(arguments([str(bundle), str(out / "trained"), *options, "--steps", str(len(expected)), "--losses", str(losses)]))
    if code != 0:
        sys.exit(f"{bundle}: train.py ended with code {code}")
    if process() > 0:
        return 0.0, ""
    actual = steps_of(losses)
    if [list(step) for step in actual] != [list(step) for step in expected]:
        return math.inf, "steps with other losses"
    pairs = enumerate(zip(actual, expected, strict=True), 1)
    return max((relative(a[name], value), f"{name} at step {step}") for step, (a, b) in pairs for name, value in b.items())


def through_host() -> None:
    """Has tensors of a GPU sent from one process to another by way of the host, without which gloo does not send them."""
    send, receive = torch.distributed.send, torch.distributed.recv

    def sent(tensor: torch.Tensor, to: int) -> None:
        send(tensor.cpu(), to)

    def received(tensor: torch.Tensor, source: int) -> None:
        own = tensor.cpu()
        receive(own, source)
        tensor.copy_(own)

    torch.distributed.send = sent  # type: ignore[assignment]
    torch.distributed.recv = received  # type: ignore[assignment]


def main(folder: pathlib.Path, options: list[str]) -> int:
    """Checks all bundles; returns the exit code: 1 where losses differ by more than a relative 1e-5."""
    worst, bundles = 0.0, sorted(path.with_suffix("") for path in folder.glob("*/*.losses"))
    with together("cpu"):
        # NCCL wants a GPU for each process; over gloo they may share one.
        os.environ["LOCAL_RANK"] = "0"
        through_host()
        for bundle in bundles:
            with tempfile.TemporaryDirectory() as out:
                here, where = check(bundle, pathlib.Path(out), options)
            worst = max(worst, here)
            if process() == 0:
                print(f"{here:.1e} {bundle.relative_to(folder)} {where}", flush=True)
        if process() == 0:
            print(f"{len(bundles)} networks by {processes()}: greatest relative difference {worst:.1e}, expected at most {MOST:.0e}", flush=True)
    return 0 if bundles and worst <= MOST else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
