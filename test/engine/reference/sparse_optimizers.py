"""Reference values for test/engine/optimizers.test.ts: 50 steps of PyTorch's SparseAdam, Adam and Adagrad.

    python test/engine/reference/sparse_optimizers.py > test/engine/reference/sparse-optimizers.json

Weights, ids and gradients come from a 32-bit linear congruential generator, so that the test makes the same ones.
"""
import json
import torch

ROWS, DIMENSION, STEPS, IDS, RATE = 12, 6, 50, 5, 0.01


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state

    def value(self):
        """A multiple of 2^-16 in [-1, 1): exact in float32."""
        return (self.next() >> 15) / 2**16 - 1.0


def sparse(optimizer_of, l2=0.0):
    random = Lcg(7)
    weight = torch.tensor([[random.value() for _ in range(DIMENSION)] for _ in range(ROWS)], requires_grad=True)
    optimizer = optimizer_of([weight])
    for _ in range(STEPS):
        # The last two rows are never drawn; ids repeat within a step.
        ids = [random.next() % (ROWS - 2) for _ in range(IDS)]
        gradient = torch.tensor([[random.value() for _ in range(DIMENSION)] for _ in range(IDS)])
        if l2:
            distinct = sorted(set(ids))
            gradient = torch.cat([gradient, l2 * weight.detach()[distinct]])
            ids = ids + distinct
        weight.grad = torch.sparse_coo_tensor([ids], gradient, (ROWS, DIMENSION))
        optimizer.step()
    return weight.detach().flatten().tolist()


def dense(optimizer_of):
    random = Lcg(7)
    weight = torch.tensor([random.value() for _ in range(ROWS * DIMENSION)], requires_grad=True)
    optimizer = optimizer_of([weight])
    for _ in range(STEPS):
        weight.grad = torch.tensor([random.value() for _ in range(ROWS * DIMENSION)])
        optimizer.step()
    return weight.detach().tolist()


print(json.dumps({
    "torch": torch.__version__,
    "sparse_adam": sparse(lambda p: torch.optim.SparseAdam(p, lr=RATE)),
    "sparse_adam_l2": sparse(lambda p: torch.optim.SparseAdam(p, lr=RATE), l2=0.1),
    "sparse_adagrad": sparse(lambda p: torch.optim.Adagrad(p, lr=RATE)),
    "dense_adam": dense(lambda p: torch.optim.Adam(p, lr=RATE)),
    "dense_adagrad": dense(lambda p: torch.optim.Adagrad(p, lr=RATE)),
}))
