"""Writes truth.json: how far two models are from a truth, and the intervals of the difference, with NumPy alone.

The rows are those of rows.py and rows.ts. Every figure is computed anew from the rows of each resample of whole
users, where the code under test resamples sums by user; the AUC is over pairs of rows, of which one converts by its truth.

    pip install numpy && python truth.py
"""

import json
import pathlib

import numpy
from rows import DRAWS_PER_ROW, PER_USER, ROWS, USERS, draw

RESAMPLES = 4000


def soft_auc(score, truth, weight):
    """The weighted AUC of rows of which a part, the truth, is positive; a tie counts one half."""
    run = numpy.unique(score, return_inverse=True)[1]
    positive, negative = numpy.bincount(run, weight * truth), numpy.bincount(run, weight * (1 - truth))
    return (positive * (numpy.cumsum(negative) - negative / 2)).sum() / (positive.sum() * negative.sum())


def log_odds(p):
    p = numpy.clip(p, 1e-6, 1 - 1e-6)
    return numpy.log(p / (1 - p))


def figures(score, truth, weight):
    mean = lambda values: (weight * values).sum() / weight.sum()
    return {
        "mean_absolute_error": mean(abs(score - truth)),
        "mean_relative_error": mean(abs(score - truth) / truth),
        "log_odds_rmse": numpy.sqrt(mean((log_odds(score) - log_odds(truth)) ** 2)),
        "bias": mean(score) / mean(truth),
        "auc": soft_auc(score, truth, weight),
    }


u = [draw(column) for column in range(DRAWS_PER_ROW)]
user = numpy.arange(ROWS) // PER_USER
click = u[1] < 0.1 + 0.4 * u[0][user * PER_USER] * u[2]
float32 = lambda values: values.astype(numpy.float32).astype(numpy.float64)
own = float32(0.2 + 0.5 * (0.5 * u[4] + 0.5 * u[5]))
other = float32(0.2 + 0.5 * (0.3 * u[4] + 0.7 * u[5]))
truth = 0.2 + 0.6 * u[4]

drawn = numpy.random.default_rng(1).multinomial(USERS, numpy.full(USERS, 1 / USERS), size=RESAMPLES)
result = {}
for rows, chosen in {"clicked": click, "unclicked": ~click, "all": click | ~click}.items():
    of = lambda score, weight: figures(score[chosen], truth[chosen], weight[chosen])
    ones = numpy.ones(ROWS)
    models = [of(own, ones), of(other, ones)]
    differences = [
        {name: a - b for (name, a), b in zip(of(own, times[user]).items(), of(other, times[user]).values())}
        for times in drawn
    ]
    result[rows] = {
        "rows": int(chosen.sum()),
        "own": models[0],
        "other": models[1],
        "truth": of(float32(truth), ones)["auc"],
        "difference": {
            name: dict(zip(("lower", "upper"), numpy.quantile([one[name] for one in differences], [0.025, 0.975])))
            for name in models[0]
        },
    }
path = pathlib.Path(__file__).with_name("truth.json")
path.write_text(json.dumps(result, indent=2) + "\n")
