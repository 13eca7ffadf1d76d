"""Trains the networks of a bundle in PyTorch, and writes their weights for `entirespace train --weights`.

    python train.py <bundle> <out> [--device cuda] [--precision tf32] [--compile]
    torchrun --nproc-per-node 4 train.py <bundle> <out> --device cuda [--divide-tables]

Several processes divide each batch among them; every one has all tables, or, divided, a range of their rows. Epochs, early
stopping and the order of the rows are the product's own. Interrupted by SIGTERM or killed, it continues from the last
checkpoint in <out> when it is started again. Dropout masks are PyTorch's own draws.
"""

from __future__ import annotations

import argparse
import hashlib
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

from bundle import FORMAT, Bundle, BundleError
from exchange import process, processes, share
from network import Network
from recorded import Steps
from rows import Rows, batches

BLOCKS = 32  # Blocks of validation rows, at least.
PLATEAU = 3  # Epochs that are not better, as a multiple of the patience.
CHECKPOINT = "checkpoint.pt"
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

    def __init__(self, bundle: Bundle, out: pathlib.Path, options: argparse.Namespace) -> None:
        self.bundle, self.out, self.options = bundle, out, options
        self.facts = bundle.facts
        self.rank = process()
        local = int(os.environ.get("LOCAL_RANK", "0"))
        self.device = torch.device("cuda", local) if options.device == "cuda" else torch.device(options.device)
        self.train_rows, self.validation_rows = (Rows.read(bundle, part).placed(self.device) for part in ("train", "validation"))
        self.stopping = False
        self.saved_at = time.monotonic()
        self.done: list[dict[str, Any]] = []

    def run(self) -> None:
        """Trains all networks, and writes `trained.json` last."""
        began = time.monotonic()
        saved = self._checkpoint()
        self.done = saved["done"] if saved else []
        for index, facts in enumerate(self.facts["networks"]):
            if index < len(self.done):
                continue
            network = Network(self.bundle, facts, self.device, self.options.compile, self.options.divide_tables)
            position = self._restored(network, saved, index)
            saved = None
            self.done.append(self._fit(network, position, index))
        if self.rank == 0:
            self._write_trained(time.monotonic() - began)

    def _fit(self, network: Network, at: Position, index: int) -> dict[str, Any]:
        patience, most = self.facts["patience"], self.facts["epochs"]
        steps = Steps(network, self.train_rows, self.facts["batchSize"], self.device.type == "cuda")
        stopped = stop_reason(at, patience, most)
        while stopped is None:
            self._epoch(network, steps, at, index)
            stopped = stop_reason(at, patience, most)
        file = f"{index}.safetensors"
        flags = {f"touched/{name}": flag for name, flag in network.touched().items()}
        if self.rank == 0:
            save_file(at.best_weights | flags, self.out / file)
        best = at.epochs[at.best_epoch - 1]["criterion"] if at.epochs else None
        self._say(f"{named(network)}ended: {stopped}; the best epoch is {at.best_epoch}" + (f" ({best:.6f})" if best is not None else ""))
        return {
            "name": network.name,
            "weights": file,
            "sha256": digest(self.out / file) if self.rank == 0 else "",
            "bestEpoch": at.best_epoch,
            "stopped": stopped,
            "stopBy": network.facts["stopBy"],
            "epochs": at.epochs,
        }

    def _epoch(self, network: Network, steps: Steps, at: Position, index: int) -> None:
        started = told = time.monotonic()
        seen = at.rows
        positions = batches(self.bundle, at.epoch, self.train_rows.device, at.batches)
        sizes: list[int] = []
        losses: list[Tensor] = []
        shares = ((len(batch), batch[share(len(batch), self.rank)]) for batch in positions)
        for rows, blocks in self.train_rows.loaded(shares, self.device):
            sizes.append(rows)
            losses.append(steps.train(blocks, rows))
            now = time.monotonic()
            is_end = self.options.steps is not None and network.steps >= self.options.steps
            is_due = self._is_due(network)
            if is_due or is_end or now - told > 5 or len(losses) == READ:
                self._read(network, at, sizes, losses)
            if is_end:
                self._keep(network, at, index)
                raise Interrupted
            if now - told > 5:
                rate = (at.rows - seen) / (now - started)
                left = (self.train_rows.count - at.rows) / rate
                mean = network.total({name: value / at.rows for name, value in at.sums.items()})
                self._say(f"{named(network)}epoch {at.epoch}: {at.rows:,} of {self.train_rows.count:,} rows, {rate:,.0f} rows/s, loss {mean:.5f}, {left:.0f} s left")
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
        measured = self._validate(network) if self.validation_rows.count > 0 else None
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

    def _validate(self, network: Network) -> dict[str, Any]:
        """Returns the losses of the validation rows, and what blocks of them contribute to what training stops by."""
        rows, size = self.validation_rows, self.facts["batchSize"]
        block = max(1, min(size, math.ceil(rows.count / BLOCKS)))
        stop_by = network.facts["stopBy"]
        output = next((o for o in network.facts["outputs"] if o["name"] == stop_by), None)
        if any(loss["name"] == stop_by for loss in network.facts["losses"]):
            output = None
        sums: dict[str, float] = {}
        blocks, weight = [], 0.0
        for positions in torch.split(torch.arange(rows.count), block):
            columns = rows.columns([block.to(self.device) for block in rows.take(positions.to(rows.device))])
            outputs = network.evaluate(columns, len(positions))
            losses = {loss["name"]: float(outputs[f"loss/{loss['name']}"]) for loss in network.facts["losses"]}
            for name, loss in losses.items():
                sums[name] = sums.get(name, 0.0) + loss * len(positions)
            if output is None:
                own = network.total(losses) if stop_by == "sum" else losses[stop_by]
                blocks.append(own * len(positions) / rows.count)
            else:
                loss, of = output_loss(output, columns, outputs)
                blocks.append(loss)
                weight += of
        if output is not None:
            blocks = [value / weight for value in blocks]
        return {"losses": {name: value / rows.count for name, value in sums.items()}, "blocks": blocks}

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

    def _keep(self, network: Network, at: Position, index: int) -> None:
        """Keeps the state, and ends where SIGTERM came."""
        state = {
            "bundle": self.bundle.sha256,
            "done": self.done,
            "index": index,
            "network": network.state(),
            "position": vars(at),
            "random": random_state(self.device),
        }
        if self.rank == 0:
            # Renamed once it is whole: an interrupted write leaves the one before.
            torch.save(state, self.out / f"{CHECKPOINT}.part")
            (self.out / f"{CHECKPOINT}.part").replace(self.out / CHECKPOINT)
        self.saved_at = time.monotonic()
        if self.stopping:
            raise Interrupted

    def _checkpoint(self) -> Mapping[str, Any] | None:
        path = self.out / CHECKPOINT
        if not path.is_file():
            return None
        saved: Mapping[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        if saved["bundle"] != self.bundle.sha256:
            raise BundleError(f"{path} is a checkpoint of another bundle: name another folder")
        return saved

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
        (self.out / "trained.json").write_text(json.dumps(trained, indent=2) + "\n")
        (self.out / CHECKPOINT).unlink(missing_ok=True)

    def _say(self, line: str) -> None:
        if self.rank == 0:
            print(line, flush=True)


def stop_reason(at: Position, patience: int | None, most: int) -> str | None:
    """Returns why training ends; None if it goes on (lib/training/epochs/early-stopping.ts)."""
    since = [epoch for epoch in at.epochs if epoch["epoch"] > at.best_epoch]
    if patience is not None and at.epochs:
        if sum(epoch["isWorse"] for epoch in since) >= patience:
            return "patience"
        if len(since) >= PLATEAU * patience:
            return "plateau"
    return "epochs" if len(at.epochs) >= most else None


def exceeds_noise(blocks: list[float], best: list[float]) -> bool:
    """Whether a sum over blocks exceeds another by more than one standard error of the difference."""
    differences = [value - other for value, other in zip(blocks, best, strict=True)]
    count, total = len(differences), sum(differences)
    if count < 2:
        return total > 0
    squares = sum((difference - total / count) ** 2 for difference in differences)
    return total > math.sqrt(squares * count / (count - 1))


def output_loss(output: Mapping[str, Any], columns: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> tuple[float, float]:
    """Returns the sum of the weighted log losses of an output over rows, and the sum of their weights."""
    weight = columns[f"weight/{output['stage']}"].to(torch.float64)
    if output["given"] is not None:
        weight = weight * (columns[f"label/{output['given']}"] == 1)
    probability = outputs[f"probability/{output['name']}"].to(torch.float64)
    label = columns[f"label/{output['stage']}"] == 1
    loss = -torch.where(label, torch.log(probability), torch.log1p(-probability))
    measured = weight > 0
    return float((weight * loss)[measured].sum()), float(weight.sum())


def random_state(device: torch.device) -> Tensor:
    """Returns the state of the generator that draws dropout masks."""
    return torch.cuda.get_rng_state() if device.type == "cuda" else torch.get_rng_state()


def named(network: Network) -> str:
    """Returns what a line about a network begins with."""
    return "" if network.name is None else f"{network.name} "


def digest(path: pathlib.Path) -> str:
    """Returns the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("bundle", type=pathlib.Path, help="folder that `entirespace export-training` wrote")
    parser.add_argument("out", type=pathlib.Path, help="folder for the weights and the checkpoint")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=("float32", "tf32", "bf16"), default="float32", help="of matrix products")
    parser.add_argument("--compile", action="store_true", help="compile the step with torch.compile")
    parser.add_argument("--divide-tables", action="store_true", help="each process holds some rows of the tables, not all")
    parser.add_argument("--checkpoint-minutes", type=float, default=10)
    parser.add_argument("--steps", type=int, help="pause after so many steps; without it, the same command goes on")
    parser.add_argument("--losses", type=pathlib.Path, help="file that gets a line of JSON with the losses of each step")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Trains; returns the exit code: 0 when all is trained, 143 after SIGTERM, 4 for a bundle that cannot be used."""
    options = arguments(argv)
    torch.set_float32_matmul_precision({"float32": "highest", "tf32": "high", "bf16": "medium"}[options.precision])
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        torch.distributed.init_process_group("nccl" if options.device == "cuda" else "gloo")
        if options.device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        bundle = Bundle.open(options.bundle)
        torch.manual_seed(bundle.facts["seed"])
        trainer = Trainer(bundle, options.out, options)

        def stop(*_: object) -> None:
            trainer.stopping = True

        signal.signal(signal.SIGTERM, stop)
        trainer.run()
        return 0
    except BundleError as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 4
    except Interrupted:
        return 0 if options.steps is not None else 143
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
