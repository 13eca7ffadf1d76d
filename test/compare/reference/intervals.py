"""Writes intervals.json: both intervals of a difference of AUCs, computed with NumPy alone.

The rows are drawn by mulberry32 at a counter, so that rows.ts draws the same bits. The interval over users counts each
row of a resample as often as its user is drawn, where the code under test resamples sums by user. The bounds of Student's
t are those of its density, integrated.

    pip install numpy && python intervals.py
"""

import json
import math
import pathlib

import numpy
from rows import DRAWS_PER_ROW, PER_USER, ROWS, USERS, draw

RESAMPLES = 20_000


def sample():
    """A user's rows share a part of what decides on the click, which one of the models knows better."""
    u = [draw(column) for column in range(DRAWS_PER_ROW)]
    user = numpy.arange(ROWS) // PER_USER
    taste = u[0][user * PER_USER]
    click = u[1] < 0.1 + 0.4 * taste * u[2]
    conversion = click & (u[3] < 0.2 + 0.6 * u[4])
    float32 = lambda values: values.astype(numpy.float32).astype(numpy.float64)
    own = float32(0.05 + 0.4 * taste * (0.6 * u[2] + 0.4 * u[5]))
    other = float32(0.05 + 0.4 * (0.5 * taste + 0.5 * u[5]) * u[2])
    own_cvr = float32(0.2 + 0.5 * (0.5 * u[4] + 0.5 * u[5]))
    other_cvr = float32(0.2 + 0.5 * (0.3 * u[4] + 0.7 * u[5]))
    return user, click, conversion, {"ctr": (own, other, None), "cvr": (own_cvr, other_cvr, click)}


def auc(run, label, weight):
    """The weighted AUC of rows by the number of their distinct score; a tie counts one half."""
    positive, negative = numpy.bincount(run, weight * label), numpy.bincount(run, weight * (1 - label))
    return (positive * (numpy.cumsum(negative) - negative / 2)).sum() / (positive.sum() * negative.sum())


def over_users(user, label, own, other):
    own, other = [numpy.unique(scores, return_inverse=True)[1] for scores in (own, other)]
    ones = numpy.ones(len(label))
    value = auc(own, label, ones) - auc(other, label, ones)
    random = numpy.random.default_rng(1)
    drawn = random.multinomial(USERS, numpy.full(USERS, 1 / USERS), size=RESAMPLES)
    differences = [auc(own, label, times[user]) - auc(other, label, times[user]) for times in drawn]
    lower, upper = numpy.quantile(differences, [0.025, 0.975])
    return {"value": value, "lower": lower, "upper": upper}


def student_bound(freedom, probability):
    """The bound by bisection, of the density integrated by Simpson's rule."""
    constant = math.gamma((freedom + 1) / 2) / (math.sqrt(freedom * math.pi) * math.gamma(freedom / 2))

    def within(bound):
        x = numpy.linspace(0, bound, 200_001)
        y = constant * (1 + x * x / freedom) ** (-(freedom + 1) / 2)
        weights = numpy.ones_like(x)
        weights[1:-1:2], weights[2:-1:2] = 4, 2
        return 2 * (weights * y).sum() * (x[1] - x[0]) / 3

    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) < probability else (low, middle)
    return (low + high) / 2


user, click, conversion, tasks = sample()
users = {}
for task, (own, other, given) in tasks.items():
    rows = numpy.ones(ROWS, dtype=bool) if given is None else given
    label = (click if task == "ctr" else conversion)[rows].astype(float)
    users[task] = over_users(user[rows], label, own[rows], other[rows])
bounds = {str(freedom): student_bound(freedom, 0.95) for freedom in (1, 2, 3, 4, 9, 10, 29, 99)}
path = pathlib.Path(__file__).with_name("intervals.json")
path.write_text(json.dumps({"resamples": RESAMPLES, "over_users": users, "student_bounds": bounds}, indent=2) + "\n")
