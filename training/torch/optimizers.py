"""The optimizers of the declaration, with the formulas of the product (lib/engine/optimizers.ts and lib/engine/assembly).

A dense parameter is updated as a whole. Of an embedding table only the rows of the batch are, so that only their state
decays. The state of a weight is `per_weight` floats, and that of a row `per_row`. No shape depends on values, and what
changes from step to step is in tensors, so that a step can be recorded once and replayed.
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

    learning_rate: Tensor  # [].
    rate: Tensor  # [], the learning rate over 1 - beta1^step.
    root: Tensor  # [], the root of 1 - beta2^step.
    momentum: float

    @staticmethod
    def numbers(step: int, learning_rate: float) -> list[float]:
        """Returns what the tensors hold at a step, counted from 1."""
        return [learning_rate, learning_rate / (1 - BETA1**step), math.sqrt(1 - BETA2**step)]


@dataclass(frozen=True)
class Occurrences:
    """Ids of a batch, [n], the gradient of each, [n, dimension], and 1 for those that are read, [n], else 0."""

    ids: Tensor
    gradients: Tensor
    read: Tensor


# Takes values, gradients and states of some rows, and returns the new values and states.
Rule = Callable[[Tensor, Tensor, list[Tensor], Settings], tuple[Tensor, list[Tensor]]]


@dataclass(frozen=True)
class Optimizer:
    """A rule, and the number of states that it needs."""

    rule: Rule
    per_weight: int
    per_row: int = 0

    def weights(self, values: Tensor) -> Weights:
        """Returns weights whose state is 0."""
        states = [torch.zeros_like(values) for _ in range(self.per_weight)]
        states += [torch.zeros(len(values), dtype=values.dtype, device=values.device) for _ in range(self.per_row)]
        return Weights(values, states)


def _adam(bias_in_root: bool) -> Rule:
    def rule(w: Tensor, g: Tensor, state: list[Tensor], settings: Settings) -> tuple[Tensor, list[Tensor]]:
        m = BETA1 * state[0] + (1 - BETA1) * g
        v = BETA2 * state[1] + (1 - BETA2) * g * g
        # torch.optim.Adam adds its epsilon to sqrt(v / (1 - beta2^step)), SparseAdam to sqrt(v).
        if bias_in_root:
            return w - settings.rate * m / (torch.sqrt(v) / settings.root + 1e-8), [m, v]
        return w - settings.rate * settings.root * m / (torch.sqrt(v) + 1e-8), [m, v]

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


def optimizers_of(facts: Mapping[str, object]) -> tuple[Optimizer, Optimizer]:
    """Returns the optimizers of the dense parameters and of the embedding tables."""
    adagrad = Optimizer(_adagrad, 1)
    plain = Optimizer(_sgd, 0) if facts["momentum"] == 0 else Optimizer(_momentum, 1)
    kinds = {
        "adam": (Optimizer(_adam(True), 2), Optimizer(_adam(False), 2)),
        "adagrad": (adagrad, adagrad),
        "rowwise_adagrad": (adagrad, Optimizer(_rowwise_adagrad, 0, 1)),
        "sgd": (plain, plain),
    }
    kind = str(facts["type"])
    if kind not in kinds:
        raise ValueError(f"optimizer: got {kind}, expected one of {', '.join(kinds)}")
    return kinds[kind]


def update_dense(weights: Weights, gradient: Tensor, rule: Rule, settings: Settings) -> None:
    """Updates all weights in place."""
    values, states = rule(weights.values, gradient, weights.state, settings)
    weights.values.copy_(values)
    for old, new in zip(weights.state, states, strict=True):
        old.copy_(new)


@dataclass(frozen=True)
class RowsRule:
    """A rule for rows of tables: each time that a row is read adds `l2` times the row to its gradient; others stay as they are."""

    rule: Rule

    def __call__(
        self, old: Tensor, sums: Tensor, reads: Tensor, state: list[Tensor], settings: Settings, l2: float
    ) -> tuple[Tensor, list[Tensor]]:
        gradient = sums + l2 * reads.unsqueeze(1) * old if l2 > 0 else sums
        new, new_state = self.rule(old, gradient, state, settings)
        is_read = reads > 0

        def kept(after: Tensor, before: Tensor) -> Tensor:
            return torch.where(is_read.reshape(-1, *[1] * (after.dim() - 1)), after, before)

        return kept(new, old), [kept(after, before) for after, before in zip(new_state, state, strict=True)]


# Takes rows of a table, the sums of their gradients, how often each is read, states and the L2 penalty.
SparseRule = Callable[[Tensor, Tensor, Tensor, list[Tensor], Settings, float], tuple[Tensor, list[Tensor]]]


def update_rows(
    weights: Weights, occurrences: Occurrences, rule: SparseRule, settings: Settings, l2: float
) -> tuple[Tensor | slice, Tensor]:
    """Updates the rows of tables that are read, in place, by the sum of the gradients of each.

    Returns indices of rows that hold all of these, and how often each of them is read.

    No shape depends on how many rows those are: all rows are computed where a batch has about as many ids, and else one for
    each id, so that a row is written once for each of its occurrences, with the same values.
    """
    all_rows = [weights.values, *weights.state]
    if 2 * len(occurrences.ids) >= len(weights.values):
        sums = torch.zeros_like(weights.values).index_add_(0, occurrences.ids, occurrences.gradients)
        reads = torch.zeros_like(weights.values[:, 0]).index_add_(0, occurrences.ids, occurrences.read)
        new, states = rule(weights.values, sums, reads, weights.state, settings, l2)
        for rows, after in zip(all_rows, [new, *states], strict=True):
            rows.copy_(after)
        return slice(None), reads
    ids, order = occurrences.ids.sort(stable=True)
    begins = torch.cat([torch.zeros_like(ids[:1]), (ids[1:] != ids[:-1]).to(ids.dtype)])
    row = begins.cumsum(0)
    sums, reads = (torch.zeros_like(v).index_add_(0, row, v[order])[row] for v in (occurrences.gradients, occurrences.read))
    new, states = rule(weights.values[ids], sums, reads, [state[ids] for state in weights.state], settings, l2)
    for rows, after in zip(all_rows, [new, *states], strict=True):
        rows[ids] = after
    return ids, reads


def learning_rate_factor(schedule: Mapping[str, object], step: int) -> float:
    """Returns the factor of the learning rate at a step, counted from 1 (lib/engine/learning-rate.ts)."""
    warmup, total = int(str(schedule["warmupSteps"])), int(str(schedule["totalSteps"]))
    if step <= warmup:
        return step / warmup
    progress = min(1.0, (step - 1 - warmup) / max(1, total - warmup))
    decays = {"none": 1.0, "linear": 1 - progress, "cosine": (1 + math.cos(math.pi * progress)) / 2}
    return decays[str(schedule["decay"])]
