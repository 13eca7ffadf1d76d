"""Training steps that a GPU replays from one recording."""

from __future__ import annotations

import torch
from torch import Tensor

from exchange import processes
from network import Network
from rows import Rows

# Whole batches that are trained on before one is recorded: libraries set themselves up in the first.
BEFORE = 3


class Steps:
    """Makes the steps of a network.

    One process on a GPU records the step of a whole batch as a CUDA graph and replays it: some 200 kernels are then started
    at once, which makes batches of a few thousand rows twice as fast. Other steps are made kernel by kernel.
    """

    def __init__(self, network: Network, rows: Rows, size: int, is_recorded: bool) -> None:
        self._network, self._rows, self._size = network, rows, size
        self._left = BEFORE if is_recorded and processes() == 1 else None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._blocks: list[Tensor] = []
        self._losses: Tensor | None = None

    def train(self, blocks: list[Tensor], rows: int) -> Tensor:
        """Makes a step on the blocks of this process's rows of a batch of `rows` rows; returns the losses of the batch, [losses]."""
        self._network.begin_step()
        if self._left is None or rows != self._size:
            return self._network.train(self._rows.columns(blocks), rows)
        if self._left > 0:
            self._left -= 1
            return self._network.train(self._rows.columns(blocks), rows)
        if self._graph is None:
            self._blocks = [block.clone() for block in blocks]
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._losses = self._network.train(self._rows.columns(self._blocks), rows)
        for own, block in zip(self._blocks, blocks, strict=True):
            own.copy_(block)
        self._graph.replay()
        assert self._losses is not None
        # The next replay writes over its losses.
        return self._losses.clone()
