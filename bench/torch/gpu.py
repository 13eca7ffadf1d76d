"""Measures the trainer on a GPU beside the network written by hand in PyTorch, on the rows of a bundle.

    python bench/torch/gpu.py <bundle> [--rows 4194304] [--precision float32] [--compile]

The bundle must be of 20 category features, ESMM, towers of 200 and 80 units and Adam: the paper's shape, as the yardstick's
log has it. Its rows are repeated to `--rows`. Each batch size is measured in turns, the hand-written network and the
trainer, and the median of the turns is printed.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "training/torch"))
import torch
from torch import Tensor, nn
from torch.nn import functional

from bundle import Bundle
from folders import Folder
from network import Network
from recorded import Steps
from rows import Rows

SIZES = (4_096, 32_768, 131_072)
TURNS = 5
SECONDS = 0.4  # Of each turn, about.


def by_hand(rows: Rows, tables: list[str], table_rows: int, dimension: int, sparse: bool, compiled: bool) -> Callable[[Tensor], Tensor]:
    """Returns a step of ESMM as one writes it in PyTorch: one table, compiled losses, SparseAdam or Adam, and fused Adam."""
    columns = rows.columns(rows.blocks)
    x = torch.stack([columns[f"ids/{name}"] + k * table_rows for k, name in enumerate(tables)], 1)
    y = torch.stack([columns["label/click"], columns["label/conversion"]], 1)
    embedding = nn.Embedding(len(tables) * table_rows, dimension, sparse=sparse, device=x.device)
    nn.init.normal_(embedding.weight, std=0.01)

    def tower() -> nn.Sequential:
        layers = [nn.Linear(len(tables) * dimension, 200), nn.ReLU(), nn.Linear(200, 80), nn.ReLU(), nn.Linear(80, 1)]
        return nn.Sequential(*layers).to(x.device)

    ctr, cvr = tower(), tower()

    def losses(e: Tensor, y: Tensor) -> Tensor:
        a, b = ctr(e)[:, 0], cvr(e)[:, 0]
        p = torch.sigmoid(a) * torch.sigmoid(b)
        return functional.binary_cross_entropy_with_logits(a, y[:, 0]) + functional.binary_cross_entropy(p, y[:, 1])

    head = torch.compile(losses) if compiled else losses
    of_table = torch.optim.SparseAdam([embedding.weight], lr=1e-3) if sparse else torch.optim.Adam([embedding.weight], lr=1e-3, fused=True)
    optimizers = [of_table, torch.optim.Adam([*ctr.parameters(), *cvr.parameters()], lr=1e-3, fused=True)]

    def step(k: Tensor) -> Tensor:
        loss = head(embedding(x[k]).reshape(len(k), -1), y[k])
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        return loss.detach()

    return step


def by_trainer(bundle: Bundle, rows: Rows, size: int, compiled: bool) -> Callable[[Tensor], Tensor]:
    """Returns a step of the trainer, whose batches have `size` rows."""
    bundle = replace(bundle, facts={**bundle.facts, "batchSize": size})
    network = Network(bundle, bundle.facts["networks"][0], rows.device, compiled)
    steps = Steps(network, rows, size, rows.device.type == "cuda")
    return lambda k: steps.train(rows.take(k), len(k))


def positions(count: int, size: int, device: torch.device) -> Iterator[Tensor]:
    """Returns batches of a random order of the rows, again and again."""
    while True:
        for batch in torch.randperm(count, device=device, dtype=torch.int32).split(size):
            if len(batch) == size:
                yield batch


def rate(step: Callable[[Tensor], Tensor], batches: Iterator[Tensor], size: int, steps: int) -> float:
    """Returns samples a second of so many steps."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(steps):
        step(next(batches))
    torch.cuda.synchronize()
    return steps * size / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=2**22)
    parser.add_argument("--precision", choices=("float32", "tf32"), default="float32")
    options = parser.parse_args()
    torch.set_float32_matmul_precision({"float32": "highest", "tf32": "high"}[options.precision])
    device = torch.device("cuda")
    bundle = Bundle.open(Folder(options.bundle), verify=False)
    few = Rows.read(bundle, bundle.facts, "train")
    repeat = -(-options.rows // few.count)
    rows = Rows(options.rows, [block.repeat(repeat, 1)[: options.rows].to(device) for block in few.blocks], few.places)
    facts = bundle.facts["networks"][0]
    tables = [field["input"] for field in facts["fields"]]
    table_rows, dimension = facts["tables"][0]["rows"], facts["tables"][0]["dimension"]
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, {options.precision}, {len(tables)} tables of {table_rows:,} rows", flush=True)
    for size in SIZES:
        # A training has batches of one size: what was compiled for another would be compiled again for any.
        torch.compiler.reset()
        kinds = {
            "by hand, compiled, SparseAdam": by_hand(rows, tables, table_rows, dimension, sparse=True, compiled=True),
            "by hand, compiled, Adam": by_hand(rows, tables, table_rows, dimension, sparse=False, compiled=True),
            "trainer": by_trainer(bundle, rows, size, compiled=False),
            "trainer, --compile": by_trainer(bundle, rows, size, compiled=True),
        }
        batches = positions(rows.count, size, device)
        counts: dict[str, int] = {}
        for name, step in kinds.items():
            began = time.perf_counter()
            rate(step, batches, size, 8)
            print(f"  {size:,} {name}: first steps {time.perf_counter() - began:.1f} s", flush=True)
            counts[name] = max(10, int(SECONDS * rate(step, batches, size, 10) / size))
        rates: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(TURNS):
            for name, step in kinds.items():
                rates[name].append(rate(step, batches, size, counts[name]))
        for name, turns in rates.items():
            print(f"{size:>8,} {name:<30} {statistics.median(turns) / 1e6:6.2f}M samples/s ({min(turns) / 1e6:.2f} to {max(turns) / 1e6:.2f})", flush=True)


if __name__ == "__main__":
    main()
