"""Reference values for test/engine/ort/esmm.test.ts: ESMM in plain PyTorch, its losses and three steps of training.

    python test/engine/reference/esmm.py > test/engine/reference/esmm.json

Written from the paper (arXiv 1804.07931, equations 1 and 3) in float64 with sigmoids and logarithms, as a reader would,
and not as the product computes it. Numbers come from a 32-bit linear congruential generator.
"""
import json
import torch

torch.set_default_dtype(torch.float64)
TABLES = {"user": (7, 4), "item": (5, 4)}
HIDDEN = [8, 4]
ROWS, STEPS, RATE = 6, 3, 0.01


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state

    def value(self):
        """A multiple of 2^-16 in [-1, 1): exact in float32."""
        return (self.next() >> 15) / 2**16 - 1.0

    def tensor(self, *shape):
        size = 1
        for length in shape:
            size *= length
        return torch.tensor([self.value() for _ in range(size)]).reshape(shape)


random = Lcg(11)
tables = {name: random.tensor(*shape).requires_grad_() for name, shape in TABLES.items()}
units = [sum(width for _, width in TABLES.values()), *HIDDEN, 1]
dense = {}
for tower in ("click", "conversion"):
    for layer in range(len(units) - 1):
        dense[f"{tower}.{layer}.weight"] = random.tensor(units[layer], units[layer + 1]).requires_grad_()
        dense[f"{tower}.{layer}.bias"] = random.tensor(units[layer + 1]).requires_grad_()


def tower_probability(name, x):
    for layer in range(len(units) - 1):
        x = x @ dense[f"{name}.{layer}.weight"] + dense[f"{name}.{layer}.bias"]
        if layer < len(units) - 2:
            x = torch.relu(x)
    return torch.sigmoid(x)[:, 0]


sparse_adam = torch.optim.SparseAdam(list(tables.values()), lr=RATE)
adam = torch.optim.Adam(dense.values(), lr=RATE)
steps = []
for _ in range(STEPS):
    ids = {name: torch.tensor([random.next() % rows for _ in range(ROWS)]) for name, (rows, _) in TABLES.items()}
    click = torch.tensor([float(random.next() >> 31) for _ in range(ROWS)])
    conversion = click * torch.tensor([float(random.next() >> 31) for _ in range(ROWS)])
    x = torch.cat([torch.nn.functional.embedding(ids[name], tables[name], sparse=True) for name in TABLES], 1)
    pctr, pcvr = tower_probability("click", x), tower_probability("conversion", x)
    pctcvr = pctr * pcvr
    ctr_loss = torch.nn.functional.binary_cross_entropy(pctr, click)
    ctcvr_loss = torch.nn.functional.binary_cross_entropy(pctcvr, conversion)
    sparse_adam.zero_grad()
    adam.zero_grad()
    (ctr_loss + ctcvr_loss).backward()
    sparse_adam.step()
    adam.step()
    steps.append({"click": ctr_loss.item(), "conversion": ctcvr_loss.item()})

print(json.dumps({
    "torch": torch.__version__,
    "losses": steps,
    "tables": {name: table.detach().flatten().tolist() for name, table in tables.items()},
    "parameters": {name: value.detach().flatten().tolist() for name, value in dense.items()},
}))
