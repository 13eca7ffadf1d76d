"""Reference values for test/model/layers/sequences.test.ts: pooled sequences, and the gradients of a sum of them.

    python test/model/reference/sequence_layers.py > test/model/reference/sequence-layers.json

Attention is written from arXiv 1706.06978 (figure 2 and equation 3), row by row without any padding, on
[item, candidate, item - candidate, item * candidate] side by side; the LSTM is torch.nn.LSTM. Both in float64. The numbers
come from a 32-bit linear congruential generator.
"""
import json
import torch

torch.set_default_dtype(torch.float64)
LENGTHS = [4, 1, 3, 2]
MOST, DIMENSION, UNITS = 4, 3, [5, 4]


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def value(self):
        """Returns a multiple of 2^-16 in [-1, 1), which is exact in float32."""
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return (self.state >> 15) / 2**16 - 1.0

    def tensor(self, *shape):
        size = 1
        for length in shape:
            size *= length
        return torch.tensor([self.value() for _ in range(size)]).reshape(shape).requires_grad_()


def attention(weights, items, candidate):
    told = items + weights["positions"][: len(items)] if "positions" in weights else items
    read = told
    if candidate is not None:
        v = candidate.expand(len(items), -1)
        read = torch.cat([told, v, told - v, told * v], 1)
    for layer in range(len(UNITS)):
        read = torch.relu(read @ weights[f"{layer}.weight"] + weights[f"{layer}.bias"])
    scores = (read @ weights[f"{len(UNITS)}.weight"])[:, 0]
    return torch.softmax(scores, 0) @ items


def attention_weights(lcg, width, positions):
    widths = [width, *UNITS, 1]
    weights = {}
    for layer, (inputs, units) in enumerate(zip(widths, widths[1:])):
        weights[f"{layer}.weight"] = lcg.tensor(inputs, units)
        if layer < len(UNITS):
            weights[f"{layer}.bias"] = lcg.tensor(units)
    if positions:
        weights["positions"] = lcg.tensor(MOST, DIMENSION)
    return weights


def states(weights, items):
    """The states after each item, newest first. `items` are newest first, and read from the oldest on."""
    layer = torch.nn.LSTM(DIMENSION, DIMENSION)
    # PyTorch's gates are input, forget, content, output; here the content is the last.
    order = [0, 1, 3, 2]
    rows = lambda matrix: torch.cat([matrix.T.reshape(4, DIMENSION, -1)[k] for k in order], 0)
    bias = torch.cat([weights["bias"].reshape(4, DIMENSION)[k] + (1.0 if k == 1 else 0.0) for k in order])
    given = {
        "weight_ih_l0": rows(weights["input"]),
        "weight_hh_l0": rows(weights["state"]),
        "bias_ih_l0": bias,
        "bias_hh_l0": torch.zeros(4 * DIMENSION),
    }
    return torch.func.functional_call(layer, given, (items.flip(0),))[0].flip(0)


def case(name, kind, has_candidate, positions):
    lcg = Lcg(7)
    items, candidates = lcg.tensor(len(LENGTHS), MOST, DIMENSION), lcg.tensor(len(LENGTHS), DIMENSION)
    weights = {f"attention.{k}": v for k, v in attention_weights(lcg, (4 if has_candidate else 1) * DIMENSION, positions).items()}
    if kind == "lstm":
        weights["lstm.input"] = lcg.tensor(DIMENSION, 4 * DIMENSION)
        weights["lstm.state"] = lcg.tensor(DIMENSION, 4 * DIMENSION)
        weights["lstm.bias"] = lcg.tensor(4 * DIMENSION)
    by = lambda prefix: {k[len(prefix):]: v for k, v in weights.items() if k.startswith(prefix)}
    rows = []
    for row, length in enumerate(LENGTHS):
        own = items[row, :length]
        read = states(by("lstm."), own) if kind == "lstm" else own
        rows.append(attention(by("attention."), read, candidates[row] if has_candidate else None))
    pooled = torch.stack(rows)
    factors = torch.arange(1.0, pooled.numel() + 1).reshape(pooled.shape)
    (pooled * factors).sum().backward()
    data = lambda tensor: tensor.detach().flatten().tolist()
    return {
        "name": name,
        "pooling": {"kind": kind, "to": "item" if has_candidate else None, "units": UNITS, "positions": positions},
        "items": data(items),
        "candidates": data(candidates),
        "weights": {k: data(v) for k, v in weights.items()},
        "pooled": data(pooled),
        "gradients": {
            **{k: data(v.grad) for k, v in weights.items()},
            "items": data(items.grad),
            **({"candidates": data(candidates.grad)} if has_candidate else {}),
        },
    }


print(
    json.dumps(
        {
            "lengths": LENGTHS,
            "most": MOST,
            "dimension": DIMENSION,
            "cases": [
                case("target attention", "attention", True, False),
                case("target attention with positions", "attention", True, True),
                case("an LSTM with attention", "lstm", False, False),
                case("an LSTM with target attention", "lstm", True, False),
            ],
        }
    )
)
