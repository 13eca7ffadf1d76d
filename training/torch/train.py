"""Trains the networks of a bundle in PyTorch, and writes their weights for `entirespace train --weights`.

    python train.py <bundle> <out> [--device cuda] [--precision tf32] [--compile]
    torchrun --nproc-per-node 4 train.py <bundle> <out> --device cuda [--divide-tables]

Both are folders, local ones or s3://bucket/folder.
Several processes divide each batch among them; every one has all tables, or, divided, a range of their rows. Epochs, early
stopping and the order of the rows are the product's own. Interrupted by SIGTERM or killed, it continues from the last
checkpoint in <out> when it is started again. Dropout masks are PyTorch's own draws.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed
from safetensors.torch import save_file
from torch import Tensor

from bundle import FORMAT, Bundle, BundleError, digest
from checkpoints import Checkpoints
from exchange import is_first_on_machine, once_on_each_machine, process, processes, share, together
from folders import Folder, StorageError, opened, place
from network import Network
from recorded import Steps
from rows import Rows, batches
from stopping import exceeds_noise, stop_reason
from validation import validate

READ = 256  # Steps, at most, after which the losses are read from the device.
TOGETHER = 16  # Steps after which several processes agree on whether to pause.


@dataclass
class Position:
    """How far the training of a network is."""

    epoch: int
    batches: int
    rows: int
    sums: dict[str, float]
    epochs: list[dict[str, Any]]
    best_epoch: int
    best_loss: float
    best_blocks: list[float]
    best_weights: dict[str, Tensor]


class Interrupted(Exception):
    """SIGTERM came, and the state is kept."""


class Trainer:
    """Trains one network after the other."""

    def __init__(self, bundle: Bundle, out: Folder, options: argparse.Namespace) -> None:
        self.bundle, self.out, self.options = bundle, out, options
        self.facts = bundle.facts
        self.rank = process()
        local = int(os.environ.get("LOCAL_RANK", "0"))
        self.device = torch.device("cuda", local) if options.device == "cuda" else torch.device(options.device)
        # Rows of the network that is trained, and whose they are.
        self.rows: dict[str, Rows] = {}
        self.rows_of: Mapping[str, Any] | None = None
        self.stopping = False
        self.saved_at = time.monotonic()
        self.done: list[dict[str, Any]] = []
        self.checkpoints = Checkpoints(out, bundle.sha256)

    def run(self) -> None:
        """Trains all networks, and writes `trained.json` last."""
        began = time.monotonic()
        saved = self.checkpoints.load()
        self.done = saved["done"] if saved else []
        for index, facts in enumerate(self.facts["networks"]):
            if index >= len(self.done):
                self.done.append(self._train(facts, index, saved))
                saved = None
        if self.rank == 0:
            self._write_trained(time.monotonic() - began)

    def _train(self, facts: Mapping[str, Any], index: int, saved: Mapping[str, Any] | None) -> dict[str, Any]:
        self._read_rows(facts["chosen"] or self.facts)
        network = Network(self.bundle, facts, self.device, self.options.compile, self.options.divide_tables)
        return self._fit(network, self._restored(network, saved, index), index)

    def _read_rows(self, training: Mapping[str, Any]) -> None:
        """Reads the rows that a network is trained on, unless the one before had the same."""
        if training is self.rows_of:
            return
        # Those of the network before are freed first: both may not fit.
        self.rows.clear()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.rows.update({part: Rows.read(self.bundle, training, part).placed(self.device) for part in ("train", "validation")})
        self.rows_of = training

    def _fit(self, network: Network, at: Position, index: int) -> dict[str, Any]:
        patience, most = self.facts["patience"], self.facts["epochs"]
        steps = Steps(network, self.rows["train"], network.training["batchSize"], self.device.type == "cuda")
        stopped = stop_reason(at.epochs, at.best_epoch, patience, most)
        while stopped is None:
            self._epoch(network, steps, at, index)
            stopped = stop_reason(at.epochs, at.best_epoch, patience, most)
        file = f"{index}.safetensors"
        flags = {f"touched/{name}": flag for name, flag in network.touched().items()}
        if self.rank == 0:
            save_file(at.best_weights | flags, self.out.path / file)
            self.out.send(file)
        best = at.epochs[at.best_epoch - 1]["criterion"] if at.epochs else None
        self._say(f"{named(network)}ended: {stopped}; the best epoch is {at.best_epoch}" + (f" ({best:.6f})" if best is not None else ""))
        return {
            "name": network.name,
            "weights": file,
            "sha256": digest(self.out.path / file) if self.rank == 0 else "",
            "bestEpoch": at.best_epoch,
            "stopped": stopped,
            "stopBy": network.facts["stopBy"],
            "epochs": at.epochs,
        }

    def _epoch(self, network: Network, steps: Steps, at: Position, index: int) -> None:
        started = told = time.monotonic()
        seen, train = at.rows, self.rows["train"]
        positions = batches(self.bundle, network.training, at.epoch, train.device, at.batches)
        sizes: list[int] = []
        losses: list[Tensor] = []
        shares = ((len(batch), batch[share(len(batch), self.rank)]) for batch in positions)
        for rows, blocks in train.loaded(shares, self.device):
            sizes.append(rows)
            losses.append(steps.train(blocks, rows))
            now = time.monotonic()
            is_end = self.options.steps is not None and network.steps >= self.options.steps
            is_due = self._is_due(network)
            if is_due or is_end or now - told > 5 or len(losses) == READ:
                self._read(network, at, sizes, losses)
            if is_end:
                self._keep(network, at, index, is_end=True)
            if now - told > 5:
                rate = (at.rows - seen) / (now - started)
                left = (train.count - at.rows) / rate
                mean = network.total({name: value / at.rows for name, value in at.sums.items()})
                self._say(f"{named(network)}epoch {at.epoch}: {at.rows:,} of {train.count:,} rows, {rate:,.0f} rows/s, loss {mean:.5f}, {left:.0f} s left")
                told = now
            if is_due:
                self._keep(network, at, index)
        self._read(network, at, sizes, losses)
        self._close(network, at, time.monotonic() - started)
        if self._is_due(network, is_epoch_end=True):
            self._keep(network, at, index)

    def _read(self, network: Network, at: Position, sizes: list[int], losses: list[Tensor]) -> None:
        """Adds up the losses of steps, which waits for the device, and empties both lists."""
        steps = torch.stack(losses).tolist() if losses else []
        for back, (rows, values) in enumerate(zip(sizes, steps, strict=True), 1 - len(steps)):
            own = network.losses(values)
            total = network.total(own)
            if not math.isfinite(total):
                raise ValueError(f"training diverged: loss got {total} at step {network.steps + back} of epoch {at.epoch}, expected a finite number")
            for name, loss in own.items():
                at.sums[name] = at.sums.get(name, 0.0) + loss * rows
            at.rows, at.batches = at.rows + rows, at.batches + 1
            if self.options.losses is not None and self.rank == 0:
                with self.options.losses.open("a") as file:
                    file.write(json.dumps(own) + "\n")
        sizes.clear()
        losses.clear()

    def _close(self, network: Network, at: Position, seconds: float) -> None:
        train = {name: value / at.rows for name, value in at.sums.items()}
        validation_rows = self.rows["validation"]
        measured = validate(network, validation_rows, self.device) if validation_rows.count > 0 else None
        criterion = math.inf if measured is None else sum(measured["blocks"])
        is_best = measured is None or at.best_epoch == 0 or criterion < at.best_loss
        record = {
            "epoch": at.epoch,
            "trainLoss": network.total(train),
            "trainLosses": train,
            "validationLoss": None if measured is None else network.total(measured["losses"]),
            "validationLosses": None if measured is None else measured["losses"],
            "criterion": None if measured is None else criterion,
            "isBest": is_best,
            "isWorse": measured is not None and not is_best and exceeds_noise(measured["blocks"], at.best_blocks),
            "seconds": seconds,
        }
        at.epochs.append(record)
        validation = "" if measured is None else f", validation {record['validationLoss']:.6f}{', best so far' if is_best else ''}"
        self._say(f"{named(network)}epoch {at.epoch}/{self.facts['epochs']}: training loss {record['trainLoss']:.6f}{validation}, {seconds:.1f} s")
        if is_best:
            at.best_epoch, at.best_loss = at.epoch, criterion
            at.best_blocks = [] if measured is None else measured["blocks"]
            at.best_weights = network.weights()
        at.epoch, at.batches, at.rows, at.sums = at.epoch + 1, 0, 0, {}

    def _is_due(self, network: Network, is_epoch_end: bool = False) -> bool:
        """Returns whether the state is to be kept now. All processes decide alike."""
        due = self.stopping or time.monotonic() - self.saved_at > self.options.checkpoint_minutes * 60
        if processes() == 1:
            return due
        if not is_epoch_end and network.steps % TOGETHER > 0:
            return False
        wish = torch.tensor([float(self.stopping), float(due)], device=self.device)
        torch.distributed.all_reduce(wish, torch.distributed.ReduceOp.MAX)
        self.stopping = bool(wish[0] > 0)
        return bool(wish.any())

    def _keep(self, network: Network, at: Position, index: int, is_end: bool = False) -> None:
        """Keeps the state, and ends there, or where SIGTERM came."""
        state = {
            "done": self.done,
            "index": index,
            "network": network.state(),
            "position": vars(at),
            "random": random_state(self.device),
        }
        if self.rank == 0:
            self.checkpoints.keep(state)
        self.saved_at = time.monotonic()
        if self.stopping or is_end:
            self.checkpoints.wait()
            raise Interrupted

    def _restored(self, network: Network, saved: Mapping[str, Any] | None, index: int) -> Position:
        if saved is None or saved["index"] != index:
            return Position(1, 0, 0, {}, [], 0, math.inf, [], network.weights())
        network.restore(saved["network"])
        (torch.cuda if self.device.type == "cuda" else torch).set_rng_state(saved["random"])
        self._say(f"{named(network)}continues at step {network.steps}, in epoch {saved['position']['epoch']}")
        return Position(**saved["position"])

    def _write_trained(self, seconds: float) -> None:
        trained = {
            "format": FORMAT,
            "bundleSha256": self.bundle.sha256,
            "encoderSha256": self.facts["encoderSha256"],
            "engine": f"pytorch {torch.__version__}",
            "device": torch.cuda.get_device_name() if self.device.type == "cuda" else "cpu",
            "processes": processes(),
            "precision": self.options.precision,
            "seconds": seconds,
            "networks": self.done,
        }
        (self.out.path / "trained.json").write_text(json.dumps(trained, indent=2) + "\n")
        self.checkpoints.wait()
        self.out.send("trained.json")
        self.checkpoints.remove()

    def _say(self, line: str) -> None:
        if self.rank == 0:
            print(line, flush=True)


def random_state(device: torch.device) -> Tensor:
    """Returns the state of the generator that draws dropout masks."""
    return torch.cuda.get_rng_state() if device.type == "cuda" else torch.get_rng_state()


def named(network: Network) -> str:
    """Returns what a line about a network begins with."""
    return "" if network.name is None else f"{network.name} "


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("bundle", type=place, help="folder that `entirespace export-training` wrote, or s3://bucket/folder")
    parser.add_argument("out", type=place, help="folder for the weights and the checkpoint, or s3://bucket/folder")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=("float32", "tf32", "bf16"), default="float32", help="of matrix products")
    parser.add_argument("--compile", action="store_true", help="compile the step with torch.compile")
    parser.add_argument("--divide-tables", action="store_true", help="each process holds some rows of the tables, not all")
    parser.add_argument("--checkpoint-minutes", type=float, default=10)
    parser.add_argument("--steps", type=int, help="pause after so many steps; without it, the same command goes on")
    parser.add_argument("--losses", type=pathlib.Path, help="file that gets a line of JSON with the losses of each step")
    return parser.parse_args(argv)


def train(options: argparse.Namespace) -> int:
    """Trains; returns the exit code: 0 when all is trained, 143 after SIGTERM, 4 for a bundle that cannot be used, 1 for a bucket."""
    torch.set_float32_matmul_precision({"float32": "highest", "tf32": "high", "bf16": "medium"}[options.precision])
    signal.signal(signal.SIGTERM, interrupt)
    try:
        with opened(options.bundle) as source, opened(options.out) as out:
            out.path.mkdir(parents=True, exist_ok=True)
            bundle = once_on_each_machine(lambda: Bundle.open(source))
            torch.manual_seed(bundle.facts["seed"])
            trainer = Trainer(bundle, out, options)

            def stop(*_: object) -> None:
                trainer.stopping = True

            signal.signal(signal.SIGTERM, stop)
            trainer.run()
        return 0
    except (BundleError, StorageError) as error:
        if is_first_on_machine():
            print(f"train.py: {error}", file=sys.stderr)
        return 4 if isinstance(error, BundleError) else 1
    except Interrupted:
        return 0 if options.steps is not None else 143


def interrupt(*_: object) -> None:
    """Ends at SIGTERM before there is a state to keep."""
    raise Interrupted


def main(argv: list[str]) -> int:
    """Trains, together with other processes where there are any; returns the exit code."""
    options = arguments(argv)
    with together(options.device):
        return train(options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
