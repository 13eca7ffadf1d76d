"""Reference values for test/engine/models-in-pytorch.ts: losses and weights of three training steps of each model.

    python test/engine/reference/models.py > test/engine/reference/models.json

The models are written from the paper (arXiv 1804.07931, equations 1 and 3, section 3.1), in float64 with sigmoids and
logarithms, and not in logits as in the product. The numbers come from a 32-bit linear congruential generator.
"""
import json
import torch

torch.set_default_dtype(torch.float64)
TABLES = {"user": (7, 4), "item": (5, 4)}
TOWERS = ("click", "conversion")
HIDDEN = [8, 4]
ROWS, STEPS, RATE = 6, 3, 0.01
UNITS = [sum(width for _, width in TABLES.values()), *HIDDEN, 1]
cross_entropy = torch.nn.functional.binary_cross_entropy


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state

    def value(self):
        """Returns a multiple of 2^-16 in [-1, 1), which is exact in float32."""
        return (self.next() >> 15) / 2**16 - 1.0

    def tensor(self, *shape):
        size = 1
        for length in shape:
            size *= length
        return torch.tensor([self.value() for _ in range(size)]).reshape(shape)


def embed(tables, prefix, ids):
    columns = [torch.nn.functional.embedding(ids[name], tables[prefix + name], sparse=True) for name in TABLES]
    return torch.cat(columns, 1)


def tower_probability(dense, name, x):
    for layer in range(len(UNITS) - 1):
        x = x @ dense[f"{name}.{layer}.weight"] + dense[f"{name}.{layer}.bias"]
        if layer < len(UNITS) - 2:
            x = torch.relu(x)
    return torch.sigmoid(x)[:, 0]


def esmm(tables, dense, ids, click, conversion):
    """Equation 3: both losses over all impressions, one set of embeddings."""
    x = embed(tables, "", ids)
    pctr, pcvr = tower_probability(dense, "click", x), tower_probability(dense, "conversion", x)
    return cross_entropy(pctr, click), cross_entropy(pctr * pcvr, conversion)


def esmm_ns(tables, dense, ids, click, conversion):
    """Equation 3, where each tower has its own embeddings."""
    pctr = tower_probability(dense, "click", embed(tables, "click.", ids))
    pcvr = tower_probability(dense, "conversion", embed(tables, "conversion.", ids))
    return cross_entropy(pctr, click), cross_entropy(pctr * pcvr, conversion)


def base(tables, dense, ids, click, conversion):
    """Two models: CTR on all impressions, CVR on the clicked ones. Both losses are divided by all impressions."""
    pctr = tower_probability(dense, "click", embed(tables, "click.", ids))
    clicked = click == 1
    clicked_ids = {name: values[clicked] for name, values in ids.items()}
    pcvr = tower_probability(dense, "conversion", embed(tables, "conversion.", clicked_ids))
    return cross_entropy(pctr, click), cross_entropy(pcvr, conversion[clicked], reduction="sum") / ROWS


def train(losses_of, prefixes):
    random = Lcg(11)
    tables = {p + name: random.tensor(*shape).requires_grad_() for p in prefixes for name, shape in TABLES.items()}
    dense = {}
    for tower in TOWERS:
        for layer in range(len(UNITS) - 1):
            dense[f"{tower}.{layer}.weight"] = random.tensor(UNITS[layer], UNITS[layer + 1]).requires_grad_()
            dense[f"{tower}.{layer}.bias"] = random.tensor(UNITS[layer + 1]).requires_grad_()
    optimizers = [torch.optim.SparseAdam(list(tables.values()), lr=RATE), torch.optim.Adam(dense.values(), lr=RATE)]
    steps = []
    for _ in range(STEPS):
        ids = {name: torch.tensor([random.next() % rows for _ in range(ROWS)]) for name, (rows, _) in TABLES.items()}
        click = torch.tensor([float(random.next() >> 31) for _ in range(ROWS)])
        conversion = click * torch.tensor([float(random.next() >> 31) for _ in range(ROWS)])
        losses = losses_of(tables, dense, ids, click, conversion)
        for optimizer in optimizers:
            optimizer.zero_grad()
        sum(losses).backward()
        for optimizer in optimizers:
            optimizer.step()
        steps.append({name: loss.item() for name, loss in zip(TOWERS, losses)})
    return {
        "losses": steps,
        "tables": {name: table.detach().flatten().tolist() for name, table in tables.items()},
        "parameters": {name: value.detach().flatten().tolist() for name, value in dense.items()},
    }


by_tower = [f"{tower}." for tower in TOWERS]
print(json.dumps({
    "torch": torch.__version__,
    "esmm": train(esmm, [""]),
    "esmm-ns": train(esmm_ns, by_tower),
    "base": train(base, by_tower),
}))
