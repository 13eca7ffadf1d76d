"""Writes hierarchical.json: rates smoothed along two hierarchies and combined, with NumPy and math alone.

The rows are drawn by mulberry32 at a counter, so that the test draws the same bits. The strengths of the priors are found
by a fine grid, where the code under test searches; the regression by gradient descent with a bounded step.

    pip install numpy && python hierarchical.py
"""

import json
import math
import pathlib

import numpy

ROWS, SEED, FOLDS = 3000, 20180412, 5
CATEGORIES, ITEMS, SEGMENTS = 6, 60, 5


def draw(counter):
    state = ((SEED + counter.astype(numpy.uint64) * 0x6D2B79F5) & 0xFFFFFFFF).astype(numpy.uint32)
    t = (state ^ (state >> 15)) * (state | 1)
    t ^= t + (t ^ (t >> 7)) * (t | 61)
    return (t ^ (t >> 14)) / 4294967296.0


row = numpy.arange(ROWS)
u = [draw(row * 4 + column + 1) for column in range(4)]
item = numpy.floor(ITEMS * u[0] ** 2).astype(int)
category = item % CATEGORIES
segment = numpy.floor(SEGMENTS * u[1]).astype(int)
label = (u[2] < 0.05 + 0.2 * draw(1_000_000 + item) + 0.1 * category / CATEGORIES + 0.15 * segment / SEGMENTS).astype(float)
fold = numpy.floor(FOLDS * u[3]).astype(int)
lgamma = numpy.vectorize(math.lgamma)


def strength_of(n, y, m):
    n, y, m = n[n > 0], y[n > 0], m[n > 0]
    def likelihood(s):
        a, b = s * m, s * (1 - m)
        return (lgamma(a + y) - lgamma(a) + lgamma(b + n - y) - lgamma(b) - lgamma(s + n) + lgamma(s)).sum()
    low, high = math.log(0.1), math.log(1e6)
    for _ in range(6):
        grid = numpy.linspace(low, high, 41)
        best = grid[numpy.argmax([likelihood(math.exp(x)) for x in grid])]
        width = (high - low) / 40
        low, high = max(math.log(0.1), best - width), min(math.log(1e6), best + width)
    return math.exp(best)


def smoothed(levels, chosen):
    """Rates of the rows by their last level, and the strengths; `chosen` rows count."""
    root = (label[chosen].sum() + 0.5) / (chosen.sum() + 1)
    keys, rate_of_row, strengths, nodes = numpy.zeros(ROWS, int), numpy.full(ROWS, root), [], {}
    for level in levels:
        _, node = numpy.unique(keys * 1000 + level, return_inverse=True)
        n, y = numpy.bincount(node, chosen), numpy.bincount(node, chosen * label)
        m = numpy.zeros(len(n))
        m[node] = rate_of_row
        s = strength_of(n, y, m)
        strengths.append(s)
        rate_of_row = ((y + s * m) / (n + s))[node]
        keys = node
    return root, rate_of_row, strengths


everything = numpy.ones(ROWS, dtype=bool)
hierarchies = [[category, item], [segment]]
inputs, fitted = [], []
for levels in hierarchies:
    x = numpy.zeros(ROWS)
    for left in range(FOLDS):
        _, rate, _ = smoothed(levels, fold != left)
        x[fold == left] = numpy.log(rate / (1 - rate))[fold == left]
    inputs.append(x)
    fitted.append(smoothed(levels, everything))

X = numpy.column_stack([numpy.ones(ROWS), *inputs])
ridge = 1e-6 * numpy.array([0.0] + [1.0] * len(inputs))
centre = numpy.concatenate([[0.0], X[:, 1:].mean(axis=0)])
beta = numpy.zeros(X.shape[1])
Z = X - centre
Z[:, 0] = 1
for _ in range(20_000):
    p = 1 / (1 + numpy.exp(-Z @ beta))
    beta = beta - 2.0 * (Z.T @ (p - label) / ROWS + ridge * beta)
coefficients = beta.copy()
coefficients[0] -= (beta[1:] * centre[1:]).sum()

rates = [rate for _, rate, _ in fitted]
logits = coefficients[0] + sum(c * numpy.log(r / (1 - r)) for c, r in zip(coefficients[1:], rates))
path = pathlib.Path(__file__).with_name("hierarchical.json")
path.write_text(json.dumps({
    "positives": int(label.sum()),
    "strengths": [strengths for _, _, strengths in fitted],
    "root": fitted[0][0],
    "rates": [list(rate[:20]) for rate in rates],
    "coefficients": list(coefficients),
    "probabilities": list((1 / (1 + numpy.exp(-logits)))[:20]),
}, indent=2) + "\n")
