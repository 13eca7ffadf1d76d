"""When training ends (lib/training/epochs/early-stopping.ts)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

PLATEAU = 3  # Epochs that are not better, as a multiple of the patience.


def stop_reason(epochs: Sequence[Mapping[str, Any]], best_epoch: int, patience: int | None, most: int) -> str | None:
    """Returns why training ends; None if it goes on."""
    since = [epoch for epoch in epochs if epoch["epoch"] > best_epoch]
    if patience is not None and epochs:
        if sum(epoch["isWorse"] for epoch in since) >= patience:
            return "patience"
        if len(since) >= PLATEAU * patience:
            return "plateau"
    return "epochs" if len(epochs) >= most else None


def exceeds_noise(blocks: list[float], best: list[float]) -> bool:
    """Whether a sum over blocks exceeds another by more than one standard error of the difference."""
    differences = [value - other for value, other in zip(blocks, best, strict=True)]
    count, total = len(differences), sum(differences)
    if count < 2:
        return total > 0
    squares = sum((difference - total / count) ** 2 for difference in differences)
    return total > math.sqrt(squares * count / (count - 1))
