"""Reference values for test/engine/optimizers.test.ts: the weights after 50 steps of each optimizer.

    python test/engine/reference/sparse_optimizers.py > test/engine/reference/sparse-optimizers.json

Most are computed by PyTorch's own classes. Two rules for embedding rows have no PyTorch class that works on sparse
gradients without a GPU, and are written in NumPy, in float64:

- row-wise Adagrad as in FBGEMM's EXACT_ROWWISE_ADAGRAD (fbgemm_gpu/codegen/genscript/optimizers.py, rowwise_adagrad):
      g_avg_square = sum over d of g_d^2 / D;  momentum1 += g_avg_square;  multiplier = lr / (sqrt(momentum1) + eps);
      w -= multiplier g, with eps = 1e-8 and, in weight_decay_mode 1 (L2), g plus weight_decay w;
- momentum whose velocity decays on touched rows only: torch.optim.SGD's  b = momentum b + g;  w -= lr b,  row by row.

Weights, ids and gradients come from a 32-bit linear congruential generator, which the test has too.
"""
import json
import numpy
import torch

ROWS, DIMENSION, STEPS, IDS, RATE = 12, 6, 50, 5, 0.01


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state

    def value(self):
        """Returns a multiple of 2^-16 in [-1, 1), which is exact in float32."""
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
            # Each occurrence of an id adds l2/2 |w|^2 to the loss.
            gradient = gradient + l2 * weight.detach()[ids]
        weight.grad = torch.sparse_coo_tensor([ids], gradient, (ROWS, DIMENSION))
        optimizer.step()
    return weight.detach().flatten().tolist()


def touched_rows(update, l2=0.0):
    """Updates touched rows only. `update(state, gradient, touched)` returns what to subtract from them; `state` is a dict."""
    random = Lcg(7)
    weight = numpy.array([[random.value() for _ in range(DIMENSION)] for _ in range(ROWS)])
    state = {}
    for _ in range(STEPS):
        ids = [random.next() % (ROWS - 2) for _ in range(IDS)]
        gradient = numpy.zeros((ROWS, DIMENSION))
        for row in ids:
            gradient[row] += [random.value() for _ in range(DIMENSION)] + l2 * weight[row]
        touched = sorted(set(ids))
        weight[touched] -= update(state, gradient[touched], touched)
    return weight.flatten().tolist()


def rowwise_adagrad(state, gradient, touched):
    momentum1 = state.setdefault("momentum1", numpy.zeros(ROWS))
    momentum1[touched] += (gradient**2).sum(1) / DIMENSION
    multiplier = RATE / (numpy.sqrt(momentum1[touched]) + 1e-8)
    return multiplier[:, None] * gradient


def touched_momentum(state, gradient, touched):
    buffer = state.setdefault("buffer", numpy.zeros((ROWS, DIMENSION)))
    buffer[touched] = 0.9 * buffer[touched] + gradient
    return RATE * buffer[touched]


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
    "sparse_adagrad_l2": sparse(lambda p: torch.optim.Adagrad(p, lr=RATE), l2=0.1),
    "sparse_sgd": sparse(lambda p: torch.optim.SGD(p, lr=RATE)),
    "sparse_sgd_l2": sparse(lambda p: torch.optim.SGD(p, lr=RATE), l2=0.1),
    "sparse_rowwise_adagrad": touched_rows(rowwise_adagrad),
    "sparse_rowwise_adagrad_l2": touched_rows(rowwise_adagrad, l2=0.1),
    "sparse_momentum": touched_rows(touched_momentum),
    "sparse_momentum_l2": touched_rows(touched_momentum, l2=0.1),
    "dense_adam": dense(lambda p: torch.optim.Adam(p, lr=RATE)),
    "dense_adagrad": dense(lambda p: torch.optim.Adagrad(p, lr=RATE)),
    "dense_sgd": dense(lambda p: torch.optim.SGD(p, lr=RATE)),
    "dense_sgd_momentum": dense(lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9)),
}))
