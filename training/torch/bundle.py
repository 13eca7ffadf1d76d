"""Reads a training bundle, and the encoded rows in it."""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy
import pyarrow
import pyarrow.parquet
import torch
from torch import Tensor

FORMAT = 1


class BundleError(Exception):
    """A bundle that cannot be trained on."""


@dataclass(frozen=True)
class Bundle:
    """A bundle whose files have the digests that its description gives."""

    folder: pathlib.Path
    facts: Mapping[str, Any]
    sha256: str

    @staticmethod
    def open(folder: pathlib.Path, verify: bool = True) -> Bundle:
        """Opens a bundle; raises BundleError where a file is missing or was changed."""
        path = folder / "bundle.json"
        if not path.is_file():
            raise BundleError(f"{path} is not there, expected the folder that `entirespace export-training` wrote")
        text = path.read_bytes()
        facts = json.loads(text)
        if facts.get("format") != FORMAT:
            raise BundleError(f"{path}: got format {facts.get('format')}, expected {FORMAT}")
        for name, expected in facts["files"].items() if verify else ():
            file = folder / name
            if not file.is_file():
                raise BundleError(f"{file} is not there, although bundle.json names it")
            with file.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                    raise BundleError(f"{file} was changed: it has another SHA-256 than bundle.json gives")
        return Bundle(folder, facts, hashlib.sha256(text).hexdigest())


@dataclass(frozen=True)
class Rows:
    """Encoded rows, column by column: [rows] or [rows, length]."""

    count: int
    columns: Mapping[str, Tensor]

    @staticmethod
    def read(bundle: Bundle, part: str) -> Rows:
        """Reads all rows of `train` or `validation`."""
        facts = bundle.facts[part]
        tables = [pyarrow.parquet.read_table(bundle.folder / file["path"]) for file in facts["files"]]
        if not tables:
            return Rows(0, {})
        table = pyarrow.concat_tables(tables)
        if table.num_rows != facts["rows"]:
            raise BundleError(f"rows of {part}: got {table.num_rows}, expected {facts['rows']}")
        columns = {name: _tensor(table.column(name).combine_chunks()) for name in table.column_names}
        return Rows(table.num_rows, columns)

    def take(self, positions: Tensor, device: torch.device) -> dict[str, Tensor]:
        """Returns the columns of the rows at these positions, on a device."""
        return {name: values[positions].to(device, non_blocking=True) for name, values in self.columns.items()}


def _tensor(array: pyarrow.Array) -> Tensor:
    if isinstance(array, pyarrow.ChunkedArray):
        array = array.combine_chunks()
    if pyarrow.types.is_list(array.type):
        flat = _tensor(array.flatten())
        return flat.reshape(len(array), -1)
    return torch.from_numpy(numpy.array(array.to_numpy(zero_copy_only=False)))


def batches(bundle: Bundle, epoch: int, skip: int = 0) -> Iterator[Tensor]:
    """Returns the positions of the training rows of each batch of an epoch, counted from 1; the first `skip` are left out.

    The order is the product's own where the bundle has it, and else a random one by seed and epoch.
    """
    size, orders = bundle.facts["batchSize"], bundle.facts["orders"]
    if len(orders) >= epoch:
        order = torch.from_numpy(numpy.fromfile(bundle.folder / orders[epoch - 1]["path"], dtype="<u4").astype(numpy.int64))
        runs = orders[epoch - 1]["runs"]
    else:
        generator = torch.Generator().manual_seed(bundle.facts["seed"] * 1_000_003 + epoch)
        order = torch.randperm(bundle.facts["train"]["rows"], generator=generator)
        runs = [len(order)]
    number = 0
    for run in torch.split(order, runs):
        for batch in torch.split(run, size):
            number += 1
            if number > skip:
                yield batch
