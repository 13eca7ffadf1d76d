"""The encoded rows of a bundle, and their batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy
import pyarrow
import pyarrow.parquet
import torch
from torch import Tensor

from bundle import Bundle, BundleError


@dataclass(frozen=True)
class Place:
    """Where a column stands: a block, and the first of its columns there. Without a length it is [rows], else [rows, length]."""

    block: int
    first: int
    length: int | None


@dataclass(frozen=True)
class Rows:
    """Encoded rows. Columns of one type stand side by side in a block, [rows, width]: a batch reads each block once."""

    count: int
    blocks: list[Tensor]
    places: Mapping[str, Place]

    @staticmethod
    def read(bundle: Bundle, training: Mapping[str, Any], part: str) -> Rows:
        """Reads all rows of `train` or `validation`, a file at a time; `training` is the bundle's, or that of a network that chose its rows."""
        facts = training[part]
        read, count = 0, facts["rows"]
        places: dict[str, Place] = {}
        blocks: list[Tensor] = []
        for file in facts["files"]:
            table = pyarrow.parquet.read_table(bundle.folder / file["path"])
            if not blocks:
                places, blocks = _places(table, count)
            if read + table.num_rows > count:
                break
            for name, place in places.items():
                values = _tensor(table.column(name)).reshape(table.num_rows, -1)
                blocks[place.block][read : read + table.num_rows, place.first : place.first + values.shape[1]] = values
            read += table.num_rows
        if read != count:
            raise BundleError(f"rows of {part}: got {read}, expected {count}")
        return Rows(count, blocks, places)

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.blocks[0].device if self.blocks else torch.device("cpu")

    def placed(self, device: torch.device) -> Rows:
        """Returns the rows in the memory of a GPU if they take at most half of what is free there, and else as they are."""
        if device.type != "cuda":
            return self
        size = sum(block.numel() * block.element_size() for block in self.blocks)
        free, _ = torch.cuda.mem_get_info(device)
        return Rows(self.count, [block.to(device) for block in self.blocks], self.places) if size <= free / 2 else self

    def take(self, positions: Tensor) -> list[Tensor]:
        """Returns the blocks of the rows at these positions, where the rows are."""
        return [block.index_select(0, positions) for block in self.blocks]

    def columns(self, blocks: list[Tensor]) -> dict[str, Tensor]:
        """Returns the columns of blocks by name."""
        found = {}
        for name, place in self.places.items():
            block = blocks[place.block]
            found[name] = block[:, place.first] if place.length is None else block[:, place.first : place.first + place.length]
        return found

    def loaded(self, batches: Iterator[tuple[int, Tensor]], device: torch.device) -> Iterator[tuple[int, list[Tensor]]]:
        """Returns the blocks of positions on a device, each with the number that came with them.

        Rows that do not fit there are gathered one batch ahead, by a thread, in memory that a GPU copies without waiting.
        """
        if self.device == device:
            yield from ((rows, self.take(positions)) for rows, positions in batches)
            return

        def gather(positions: Tensor) -> list[Tensor]:
            return [block.pin_memory() for block in self.take(positions)]

        def arrived(rows: int, gathered: Future[list[Tensor]]) -> tuple[int, list[Tensor]]:
            return rows, [block.to(device, non_blocking=True) for block in gathered.result()]

        with ThreadPoolExecutor(1) as thread:
            ahead: tuple[int, Future[list[Tensor]]] | None = None
            for rows, positions in batches:
                following = rows, thread.submit(gather, positions)
                if ahead is not None:
                    yield arrived(*ahead)
                ahead = following
            if ahead is not None:
                yield arrived(*ahead)


def _places(table: pyarrow.Table, count: int) -> tuple[dict[str, Place], list[Tensor]]:
    places: dict[str, Place] = {}
    widths: dict[torch.dtype, int] = {}
    for name in table.column_names:
        values = _tensor(table.column(name).slice(0, 1))
        width = widths.setdefault(values.dtype, 0)
        length = values.shape[1] if values.dim() > 1 else None
        places[name] = Place(list(widths).index(values.dtype), width, length)
        widths[values.dtype] += length or 1
    return places, [torch.empty(count, width, dtype=dtype) for dtype, width in widths.items()]


def _tensor(array: pyarrow.Array | pyarrow.ChunkedArray) -> Tensor:
    if isinstance(array, pyarrow.ChunkedArray):
        array = array.combine_chunks()
    if pyarrow.types.is_list(array.type):
        return _tensor(array.flatten()).reshape(len(array), -1)
    return torch.from_numpy(numpy.array(array.to_numpy(zero_copy_only=False)))


def batches(bundle: Bundle, training: Mapping[str, Any], epoch: int, device: torch.device, skip: int = 0) -> Iterator[Tensor]:
    """Returns the positions of the training rows of each batch of an epoch, counted from 1; the first `skip` are left out.

    The order is the product's own where the bundle has it, and else a random one by seed and epoch.
    """
    size, orders = training["batchSize"], training["orders"]
    if len(orders) >= epoch:
        order = torch.from_numpy(numpy.fromfile(bundle.folder / orders[epoch - 1]["path"], dtype="<u4").astype(numpy.int64))
        runs = orders[epoch - 1]["runs"]
    else:
        generator = torch.Generator().manual_seed(bundle.facts["seed"] * 1_000_003 + epoch)
        order = torch.randperm(training["train"]["rows"], generator=generator)
        runs = [len(order)]
    number = 0
    for run in torch.split(order.to(device), runs):
        for batch in torch.split(run, size):
            number += 1
            if number > skip:
                yield batch
