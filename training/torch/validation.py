"""One pass over the validation rows (lib/training/epochs/validate.ts)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from network import Network
from rows import Rows

BLOCKS = 32  # Blocks of validation rows, at least.


def validate(network: Network, rows: Rows, device: torch.device) -> dict[str, Any]:
    """Returns the losses of the validation rows, and what blocks of them contribute to what training stops by."""
    block = max(1, min(network.training["batchSize"], math.ceil(rows.count / BLOCKS)))
    stop_by = network.facts["stopBy"]
    output = next((o for o in network.facts["outputs"] if o["name"] == stop_by), None)
    if any(loss["name"] == stop_by for loss in network.facts["losses"]):
        output = None
    sums: dict[str, float] = {}
    blocks, weight = [], 0.0
    for positions in torch.split(torch.arange(rows.count), block):
        columns = rows.columns([block.to(device) for block in rows.take(positions.to(rows.device))])
        outputs = network.evaluate(columns, len(positions))
        losses = {loss["name"]: float(outputs[f"loss/{loss['name']}"]) for loss in network.facts["losses"]}
        for name, loss in losses.items():
            sums[name] = sums.get(name, 0.0) + loss * len(positions)
        if output is None:
            own = network.total(losses) if stop_by == "sum" else losses[stop_by]
            blocks.append(own * len(positions) / rows.count)
        else:
            loss, of = output_loss(output, columns, outputs)
            blocks.append(loss)
            weight += of
    if output is not None:
        blocks = [value / weight for value in blocks]
    return {"losses": {name: value / rows.count for name, value in sums.items()}, "blocks": blocks}


def output_loss(output: Mapping[str, Any], columns: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> tuple[float, float]:
    """Returns the sum of the weighted log losses of an output over rows, and the sum of their weights."""
    weight = columns[f"weight/{output['stage']}"].to(torch.float64)
    if output["given"] is not None:
        weight = weight * (columns[f"label/{output['given']}"] == 1)
    probability = outputs[f"probability/{output['name']}"].to(torch.float64)
    label = columns[f"label/{output['stage']}"] == 1
    loss = -torch.where(label, torch.log(probability), torch.log1p(-probability))
    measured = weight > 0
    return float((weight * loss)[measured].sum()), float(weight.sum())
