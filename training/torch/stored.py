"""The rows of embedding tables in the memory of a process: all of them, or its share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed
from torch import Tensor

from exchange import collected, process, processes, share
from optimizers import Occurrences, Optimizer, Settings, SparseRule, update_rows


class StoredRows:
    """The rows of tables of one dimension, one after the other, with their optimizer's state.

    Divided among the processes, each has a range of rows. An embedding is then the sum of what every process has for its id,
    which all but one have as 0, so that the bits are those of undivided tables.
    """

    def __init__(self, tables: Sequence[Any], initial: Any, optimizer: Optimizer, device: torch.device, is_divided: bool) -> None:
        self.count = sum(table["rows"] for table in tables)
        self.is_divided = is_divided and 1 < processes() <= self.count
        self._held = share(self.count, process()) if self.is_divided else slice(0, self.count)
        parts, first = [], 0
        for table in tables:
            begin, end = (min(max(edge - first, 0), table["rows"]) for edge in (self._held.start, self._held.stop))
            if end > begin:
                parts.append(initial.get_slice(f"table/{table['name']}")[begin:end])
            first += table["rows"]
        self._weights = optimizer.weights(torch.cat(parts).to(device))
        # 1 for each row that was trained.
        self._touched = torch.zeros(len(self._weights.values), dtype=torch.uint8, device=device)

    def lookup(self, ids: Tensor) -> Tensor:
        """Returns the embeddings of ids of any shape, [..., dimension]. Divided, all processes ask for the same ids."""
        values = self._weights.values
        if not self.is_divided:
            return values.index_select(0, ids.reshape(-1)).reshape(*ids.shape, -1)
        is_own, own = self._own(ids)
        found = values.index_select(0, own.reshape(-1)).reshape(*ids.shape, -1)
        found = torch.where(is_own.unsqueeze(-1), found, 0.0)
        torch.distributed.all_reduce(found)
        return found

    def update(self, occurrences: Occurrences, rule: SparseRule, settings: Settings, l2: float) -> None:
        """Updates the rows that are read; `occurrences` are those of all processes."""
        if self.is_divided:
            is_own, ids = self._own(occurrences.ids)
            gradients = torch.where(is_own.unsqueeze(1), occurrences.gradients, 0.0)
            occurrences = Occurrences(ids, gradients, occurrences.read * is_own)
        updated, reads = update_rows(self._weights, occurrences, rule, settings, l2)
        self._touched[updated] |= (reads > 0).to(torch.uint8)

    def values(self) -> Tensor:
        """Returns a copy of all rows, [rows, dimension], in the memory of the host, in the first process; none in others."""
        return self._whole(self._weights.values)

    def touched(self) -> Tensor:
        """Returns 1 for each row that was trained and 0 for others, [rows], as `values`."""
        return self._whole(self._touched)

    def state(self) -> list[Tensor]:
        """Returns all that the next step depends on, as `values`."""
        return [self._whole(tensor) for tensor in self._tensors()]

    def restore(self, state: Sequence[Tensor]) -> None:
        """Continues from a state."""
        for own, saved in zip(self._tensors(), state, strict=True):
            own.copy_(saved[self._held])

    def _tensors(self) -> list[Tensor]:
        return [self._weights.values, *self._weights.state, self._touched]

    def _own(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Returns which ids are of rows in this process, and where these are; for others, some row."""
        is_own = (ids >= self._held.start) & (ids < self._held.stop)
        return is_own, torch.where(is_own, ids - self._held.start, 0)

    def _whole(self, own: Tensor) -> Tensor:
        return collected(own, self.count) if self.is_divided else own.to("cpu", copy=True)
