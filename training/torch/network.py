"""A network of a bundle: its weights, a step of training, and the losses and probabilities of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from bundle import Bundle
from exchange import all_summed
from graph import Graph
from optimizers import RowsRule, Settings, SparseRule, learning_rate_factor, optimizers_of, update_dense
from tables import embedded_matrix, grouped

Columns = Mapping[str, Tensor]


class Network:
    """The weights of a network with their optimizer's state, on a device."""

    def __init__(
        self, bundle: Bundle, facts: Mapping[str, Any], device: torch.device, compiled: bool = False, is_divided: bool = False
    ) -> None:
        self.facts = facts
        self.name: str | None = facts["name"]
        # What it is trained on, and in which steps: rows that it chose, or all of the bundle.
        self.training: Mapping[str, Any] = facts["chosen"] or bundle.facts
        self.steps = 0
        self._bundle = bundle.facts
        self._device = device
        self._plain_step = Graph(str(bundle.folder / facts["step"])).to(device)
        self._evaluation = Graph(str(bundle.folder / facts["evaluation"])).to(device)
        self._step: Callable[[Mapping[str, Tensor]], dict[str, Tensor]] = torch.compile(self._plain_step) if compiled else self._plain_step
        dense, sparse = optimizers_of(self._bundle["optimizer"])
        self._dense_rule = torch.compile(dense.rule) if compiled else dense.rule
        self._rows_rule: SparseRule = torch.compile(RowsRule(sparse.rule)) if compiled else RowsRule(sparse.rule)
        with safe_open(bundle.folder / facts["initial"], framework="pt") as initial:
            parts = [initial.get_tensor(f"parameter/{p['name']}").to(device) for p in facts["parameters"]]
            self._tables = grouped(facts, initial, sparse, device, is_divided)
        # All dense parameters stand in one vector, and are updated as one.
        self._dense = dense.weights(torch.cat([part.reshape(-1) for part in parts]) if parts else torch.zeros(0, device=device))
        views = self._dense.values.split([part.numel() for part in parts])
        self.parameters = {p["name"]: v.view(part.shape) for p, v, part in zip(facts["parameters"], views, parts, strict=True)}
        self._read = [tables for tables in self._tables if tables.fields]
        self._numbers = torch.zeros(3, device=device)
        learning_rate, rate, root = self._numbers.unbind()
        self._settings = Settings(learning_rate, rate, root, self._bundle["optimizer"]["momentum"])

    def begin_step(self) -> None:
        """Sets what differs between this step and the one before."""
        self.steps += 1
        rate = self._bundle["optimizer"]["learningRate"] * learning_rate_factor(self.training["schedule"], self.steps)
        self._numbers.copy_(torch.tensor(Settings.numbers(self.steps, rate)), non_blocking=True)

    @torch.no_grad()
    def train(self, columns: Columns, rows: int) -> Tensor:
        """Makes the step that was begun on this process's rows of a batch of `rows` rows; returns the losses of the batch, [losses]."""
        ids = [tables.ids(columns) for tables in self._read]
        coefficients = [tables.coefficients(columns) for tables in self._read]
        embedded = [t.embedded_share(own, by, rows) for t, own, by in zip(self._read, ids, coefficients, strict=True)]
        # The last batch of an epoch is not worth another compilation.
        step = self._step if rows == self.training["batchSize"] else self._plain_step
        outputs = step(self._inputs(columns, embedded, rows, training=True))
        own_losses = torch.stack([outputs[f"loss/{loss['name']}"].reshape(()) for loss in self.facts["losses"]])
        losses, *gradients = all_summed([own_losses, *(outputs[f"gradient/{name}"] for name in self.parameters)])
        if gradients:
            update_dense(self._dense, torch.cat([g.reshape(-1) for g in gradients]), self._dense_rule, self._settings)
        for tables, own_ids, by in zip(self._read, ids, coefficients, strict=True):
            tables.update(own_ids, by, outputs["gradient/embedded"], self._rows_rule, self._settings, rows)
        return losses

    @torch.no_grad()
    def evaluate(self, columns: Columns, rows: int) -> dict[str, Tensor]:
        """Returns the losses (`loss/<name>`) and probabilities (`probability/<output>`) of rows."""
        embedded = [tables.embedded(tables.ids(columns), tables.coefficients(columns)) for tables in self._read]
        outputs: dict[str, Tensor] = self._evaluation(self._inputs(columns, embedded, rows, training=False))
        return outputs

    def losses(self, values: list[float]) -> dict[str, float]:
        """Returns the losses of a step by name."""
        return dict(zip((loss["name"] for loss in self.facts["losses"]), values, strict=True))

    def total(self, losses: Mapping[str, float]) -> float:
        """Returns the weighted sum of losses by name."""
        return float(sum(loss["weight"] * losses[loss["name"]] for loss in self.facts["losses"]))

    def _inputs(self, columns: Columns, embedded: list[Tensor], rows: int, training: bool) -> dict[str, Tensor]:
        facts = self.facts
        inputs = {f"parameter/{name}": values for name, values in self.parameters.items()}
        if facts["embeddedWidth"] > 0:
            inputs["embedded"] = embedded_matrix(self._read, embedded)
        inputs |= {f"number/{name}": columns[f"number/{name}"] for name in facts["numbers"]}
        inputs |= {f"present/{name}": columns[f"coefficients/{name}"] for name in facts["sequences"]}
        inputs |= {f"label/{name}": columns[f"label/{name}"].reshape(-1, 1) for name in facts["targets"]}
        inputs |= {f"weight/{name}": columns[f"weight/{name}"].reshape(-1, 1) / rows for name in facts["targets"]}
        if training and facts["masks"]:
            keep = 1 - self._bundle["dropout"]
            own = len(next(iter(columns.values())))
            for mask in facts["masks"]:
                drawn = torch.rand(own, mask["units"], device=self._device) < keep
                inputs[f"mask/{mask['name']}"] = drawn.to(torch.float32) / keep
        return inputs

    def weights(self) -> dict[str, Tensor]:
        """Returns a copy of the weights, `parameter/<name>` and `table/<name>`, in the memory of the host.

        All processes call it, and `touched` and `state`; the first one has all tables, others have none that are divided.
        """
        named = {f"parameter/{name}": values.to("cpu", copy=True) for name, values in self.parameters.items()}
        for tables in self._tables:
            named |= {f"table/{name}": values for name, values in tables.named(tables.stored.values()).items()}
        return named

    def touched(self) -> dict[str, Tensor]:
        """Returns 1 for each row of a table that was trained, and 0 for the others, by the table's name."""
        return {name: flags for tables in self._tables for name, flags in tables.named(tables.stored.touched()).items()}

    def state(self) -> dict[str, Any]:
        """Returns all that the next step depends on."""
        dense = [tensor.to("cpu", copy=True) for tensor in self._dense_tensors()]
        return {"steps": self.steps, "dense": dense, "tables": [tables.stored.state() for tables in self._tables]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continues from a state."""
        self.steps = state["steps"]
        for own, saved in zip(self._dense_tensors(), state["dense"], strict=True):
            own.copy_(saved)
        for tables, saved in zip(self._tables, state["tables"], strict=True):
            tables.stored.restore(saved)

    def _dense_tensors(self) -> list[Tensor]:
        return [self._dense.values, *self._dense.state]
