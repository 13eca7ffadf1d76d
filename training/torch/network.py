"""A network of a bundle: its weights, a step of training, and the losses and probabilities of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed
from safetensors.torch import load_file
from torch import Tensor

from bundle import Bundle
from graph import Graph
from optimizers import Settings, Weights, learning_rate_factor, optimizer_of, update_dense, update_rows, weights_of

Columns = Mapping[str, Tensor]


class Network:
    """The weights of a network with their optimizer's state, on a device."""

    def __init__(self, bundle: Bundle, facts: Mapping[str, Any], device: torch.device, compiled: bool = False) -> None:
        self.facts = facts
        self.name: str | None = facts["name"]
        self.steps = 0
        self._bundle = bundle.facts
        self._device = device
        step = Graph(str(bundle.folder / facts["step"])).to(device)
        self._evaluation = Graph(str(bundle.folder / facts["evaluation"])).to(device)
        self._step = torch.compile(step) if compiled else step
        self._dense, self._sparse = optimizer_of(self._bundle["optimizer"])
        initial = load_file(bundle.folder / facts["initial"], device=str(device))
        self.parameters = {p["name"]: weights_of(initial[f"parameter/{p['name']}"], self._dense) for p in facts["parameters"]}
        self.tables = {t["name"]: weights_of(initial[f"table/{t['name']}"], self._sparse) for t in facts["tables"]}
        self.touched = {t["name"]: torch.zeros(t["rows"], dtype=torch.uint8, device=device) for t in facts["tables"]}
        self._l2 = {t["name"]: t["l2"] for t in facts["tables"]}

    @torch.no_grad()
    def train(self, columns: Columns, rows: int) -> dict[str, float]:
        """Makes a step on this process's rows of a batch of `rows` rows, and returns the losses of the batch by name."""
        self.steps += 1
        coefficients = self._coefficients(columns)
        outputs = self._step(self._inputs(columns, coefficients, rows, training=True))
        settings = Settings(
            self.steps,
            self._bundle["optimizer"]["learningRate"] * learning_rate_factor(self._bundle["schedule"], self.steps),
            self._bundle["optimizer"]["momentum"],
        )
        losses = all_summed(torch.stack([outputs[f"loss/{loss['name']}"].reshape(()) for loss in self.facts["losses"]]))
        gradients = [outputs[f"gradient/{name}"] for name in self.parameters]
        for (name, weights), gradient in zip(self.parameters.items(), all_summed_lists(gradients), strict=True):
            update_dense(weights, gradient.reshape(weights.values.shape), self._dense, settings)
        if self.tables:
            self._update_tables(columns, coefficients, outputs["gradient/embedded"], rows, settings)
        return dict(zip((loss["name"] for loss in self.facts["losses"]), losses.tolist(), strict=True))

    @torch.no_grad()
    def evaluate(self, columns: Columns, rows: int) -> dict[str, Tensor]:
        """Returns the losses (`loss/<name>`) and probabilities (`probability/<output>`) of rows."""
        return self._evaluation(self._inputs(columns, self._coefficients(columns), rows, training=False))

    def total(self, losses: Mapping[str, float]) -> float:
        """Returns the weighted sum of losses by name."""
        return sum(loss["weight"] * losses[loss["name"]] for loss in self.facts["losses"])

    def _coefficients(self, columns: Columns) -> list[Tensor]:
        """Returns the coefficient of each id, [rows, length], field by field: 0 in rows that do not train the table."""
        found = []
        for field in self.facts["fields"]:
            ids = columns[f"ids/{field['input']}"]
            shape = (len(ids), field["length"])
            given = columns[f"coefficients/{field['input']}"] if field["hasCoefficients"] else torch.ones(shape, device=self._device)
            values = given.reshape(shape)
            if field["trainedOn"] is not None:
                values = values * (columns[f"label/{field['trainedOn']}"] == 1).to(values.dtype).reshape(-1, 1)
            found.append(values)
        return found

    def _inputs(self, columns: Columns, coefficients: list[Tensor], rows: int, training: bool) -> dict[str, Tensor]:
        facts = self.facts
        inputs = {f"parameter/{name}": weights.values for name, weights in self.parameters.items()}
        if facts["embeddedWidth"] > 0:
            inputs["embedded"] = self._embedded(columns, coefficients)
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

    def _embedded(self, columns: Columns, coefficients: list[Tensor]) -> Tensor:
        blocks = []
        for field, by in zip(self.facts["fields"], coefficients, strict=True):
            ids = columns[f"ids/{field['input']}"].reshape(len(by), field["length"])
            values = self.tables[field["table"]].values[ids] * by.unsqueeze(2)
            blocks.append(values.sum(1) if field["step"] == 0 else values.reshape(len(by), -1))
        # Fields stand in the order of their columns.
        return torch.cat(blocks, 1)

    def _update_tables(self, columns: Columns, coefficients: list[Tensor], gradient: Tensor, rows: int, settings: Settings) -> None:
        for name, weights in self.tables.items():
            dimension = weights.values.shape[1]
            ids, gradients = [], []
            for field, by in zip(self.facts["fields"], coefficients, strict=True):
                if field["table"] != name:
                    continue
                length, offset, step = field["length"], field["offset"], field["step"]
                own = columns[f"ids/{field['input']}"].reshape(-1)
                if step == 0:
                    part = gradient[:, offset : offset + dimension].unsqueeze(1)
                else:
                    part = gradient[:, offset : offset + length * dimension].reshape(-1, length, dimension)
                values = (by.unsqueeze(2) * part).reshape(-1, dimension)
                read = by.reshape(-1) != 0
                ids.append(own[read])
                gradients.append(values[read])
            if not ids:
                continue
            all_ids, all_gradients = gathered(torch.cat(ids), torch.cat(gradients))
            if len(all_ids) == 0:
                continue
            touched = update_rows(weights, all_ids, all_gradients, self._sparse, settings, self._l2[name] / rows)
            self.touched[name][touched] = 1

    def weights(self) -> dict[str, Tensor]:
        """Returns a copy of the weights, `parameter/<name>` and `table/<name>`."""
        named = {f"parameter/{name}": w.values for name, w in self.parameters.items()}
        named |= {f"table/{name}": w.values for name, w in self.tables.items()}
        return {name: values.detach().clone() for name, values in named.items()}

    def state(self) -> dict[str, Any]:
        """Returns all that the next step depends on."""
        return {
            "steps": self.steps,
            "parameters": {name: (w.values, w.state) for name, w in self.parameters.items()},
            "tables": {name: (w.values, w.state) for name, w in self.tables.items()},
            "touched": self.touched,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continues from a state."""
        self.steps = state["steps"]
        for own, saved in ((self.parameters, state["parameters"]), (self.tables, state["tables"])):
            for name, (values, states) in saved.items():
                own[name] = Weights(values.to(self._device), [s.to(self._device) for s in states])
        self.touched = {name: flags.to(self._device) for name, flags in state["touched"].items()}


def processes() -> int:
    """Returns the number of processes that train together."""
    return torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1


def all_summed(values: Tensor) -> Tensor:
    """Returns the sum of a tensor over all processes."""
    if processes() > 1:
        torch.distributed.all_reduce(values)
    return values


def all_summed_lists(values: list[Tensor]) -> list[Tensor]:
    """Returns the sums of tensors over all processes, in one exchange."""
    if processes() == 1 or not values:
        return values
    flat = all_summed(torch.cat([value.reshape(-1) for value in values]))
    return [part.reshape(value.shape) for part, value in zip(flat.split([v.numel() for v in values]), values, strict=True)]


def gathered(ids: Tensor, gradients: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the ids and gradients of all processes, one after the other."""
    if processes() == 1:
        return ids, gradients
    counts = [torch.zeros(1, dtype=torch.int64, device=ids.device) for _ in range(processes())]
    torch.distributed.all_gather(counts, torch.tensor([len(ids)], dtype=torch.int64, device=ids.device))
    sizes = [int(count) for count in counts]
    most = max(sizes)
    padded_ids = torch.zeros(most, dtype=ids.dtype, device=ids.device)
    padded_ids[: len(ids)] = ids
    padded = torch.zeros(most, gradients.shape[1], dtype=gradients.dtype, device=ids.device)
    padded[: len(ids)] = gradients
    all_ids = [torch.empty_like(padded_ids) for _ in sizes]
    all_gradients = [torch.empty_like(padded) for _ in sizes]
    torch.distributed.all_gather(all_ids, padded_ids)
    torch.distributed.all_gather(all_gradients, padded)
    return (
        torch.cat([part[:size] for part, size in zip(all_ids, sizes, strict=True)]),
        torch.cat([part[:size] for part, size in zip(all_gradients, sizes, strict=True)]),
    )
