"""The optimizers of the declaration, with the formulas of the product (lib/engine/optimizers.ts and lib/engine/assembly).

A dense parameter is updated as a whole. Of an embedding table only the rows of the batch are, so that only their state
decays. The state of a weight is `per_weight` floats, and that of a row `per_row`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

BETA1, BETA2 = 0.9, 0.999


@dataclass
class Weights:
    """Weights with the state of their optimizer: [rows, dimension], and each state [rows, dimension] or [rows]."""

    values: Tensor
    state: list[Tensor]


@dataclass(frozen=True)
class Settings:
    """What an update depends on besides its rows."""

    step: int  # From 1.
    learning_rate: float
    momentum: float


# Takes values, gradients and states of some rows, and returns the new values and states.
Rule = Callable[[Tensor, Tensor, list[Tensor], Settings], tuple[Tensor, list[Tensor]]]


@dataclass(frozen=True)
class Optimizer:
    """Rules of an optimizer, and the number of states that they need."""

    dense: Rule
    sparse: Rule
    per_weight: int
    per_row: int = 0


def _adam(bias_in_root: bool) -> Rule:
    def rule(w: Tensor, g: Tensor, state: list[Tensor], settings: Settings) -> tuple[Tensor, list[Tensor]]:
        m = BETA1 * state[0] + (1 - BETA1) * g
        v = BETA2 * state[1] + (1 - BETA2) * g * g
        root = math.sqrt(1 - BETA2**settings.step)
        rate = settings.learning_rate / (1 - BETA1**settings.step)
        # torch.optim.Adam adds its epsilon to sqrt(v / (1 - beta2^step)), SparseAdam to sqrt(v).
        if bias_in_root:
            return w - rate * m / (torch.sqrt(v) / root + 1e-8), [m, v]
        return w - rate * root * m / (torch.sqrt(v) + 1e-8), [m, v]

    return rule


def _adagrad(w: Tensor, g: Tensor, state: list[Tensor], settings: Settings) -> tuple[Tensor, list[Tensor]]:
    s = state[0] + g * g
    return w - settings.learning_rate * g / (torch.sqrt(s) + 1e-10), [s]


def _rowwise_adagrad(w: Tensor, g: Tensor, state: list[Tensor], settings: Settings) -> tuple[Tensor, list[Tensor]]:
    s = state[0] + (g * g).mean(1)
    return w - (settings.learning_rate / (torch.sqrt(s) + 1e-8)).unsqueeze(1) * g, [s]


def _sgd(w: Tensor, g: Tensor, state: list[Tensor], settings: Settings) -> tuple[Tensor, list[Tensor]]:
    return w - settings.learning_rate * g, []


def _momentum(w: Tensor, g: Tensor, state: list[Tensor], settings: Settings) -> tuple[Tensor, list[Tensor]]:
    v = settings.momentum * state[0] + g
    return w - settings.learning_rate * v, [v]


def optimizer_of(facts: Mapping[str, object]) -> tuple[Optimizer, Optimizer]:
    """Returns the optimizers of the dense parameters and of the embedding tables."""
    adagrad = Optimizer(_adagrad, _adagrad, 1)
    adam = Optimizer(_adam(True), _adam(False), 2)
    plain = Optimizer(_sgd, _sgd, 0)
    momentum = Optimizer(_momentum, _momentum, 1)
    kinds = {
        "adam": (adam, adam),
        "adagrad": (adagrad, adagrad),
        "rowwise_adagrad": (adagrad, Optimizer(_rowwise_adagrad, _rowwise_adagrad, 0, 1)),
        "sgd": (plain, plain) if facts["momentum"] == 0 else (momentum, momentum),
    }
    kind = str(facts["type"])
    if kind not in kinds:
        raise ValueError(f"optimizer: got {kind}, expected one of {', '.join(kinds)}")
    return kinds[kind]


def weights_of(values: Tensor, optimizer: Optimizer) -> Weights:
    """Returns weights whose state is 0."""
    states = [torch.zeros_like(values) for _ in range(optimizer.per_weight)]
    states += [torch.zeros(len(values), dtype=values.dtype, device=values.device) for _ in range(optimizer.per_row)]
    return Weights(values, states)


def update_dense(weights: Weights, gradient: Tensor, optimizer: Optimizer, settings: Settings) -> None:
    """Updates all weights of a parameter in place."""
    values, states = optimizer.dense(weights.values, gradient, weights.state, settings)
    weights.values.copy_(values)
    for old, new in zip(weights.state, states, strict=True):
        old.copy_(new)


def update_rows(weights: Weights, ids: Tensor, gradient: Tensor, optimizer: Optimizer, settings: Settings, l2: float) -> Tensor:
    """Updates the rows of a table that occur in `ids` in place, and returns them.

    `gradient` has a row for each id; those of one id are added up. Each occurrence adds `l2` times the row to its gradient.
    """
    rows, place, counts = torch.unique(ids, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(rows), gradient.shape[1], dtype=gradient.dtype, device=gradient.device)
    sums.index_add_(0, place, gradient)
    values = weights.values[rows]
    if l2 > 0:
        sums += (l2 * counts.to(values.dtype)).unsqueeze(1) * values
    new, states = optimizer.sparse(values, sums, [state[rows] for state in weights.state], settings)
    weights.values[rows] = new
    for old, state in zip(weights.state, states, strict=True):
        old[rows] = state
    return rows


def learning_rate_factor(schedule: Mapping[str, object], step: int) -> float:
    """Returns the factor of the learning rate at a step, counted from 1 (lib/engine/learning-rate.ts)."""
    warmup, total = int(str(schedule["warmupSteps"])), int(str(schedule["totalSteps"]))
    if step <= warmup:
        return step / warmup
    progress = min(1.0, (step - 1 - warmup) / max(1, total - warmup))
    decays = {"none": 1.0, "linear": 1 - progress, "cosine": (1 + math.cos(math.pi * progress)) / 2}
    return decays[str(schedule["decay"])]
