"""Writes metrics.json: reference values for the metrics, computed with NumPy and scikit-learn.

The rows are drawn by mulberry32 at a counter and with IEEE arithmetic only, so that sample.ts draws the same bits. Bins
and top shares are read from interpolated cumulative curves, where the code under test slices the rows.

    pip install numpy scikit-learn && python make.py
"""

import json
import pathlib

import numpy
import sklearn
from sklearn.metrics import log_loss, roc_auc_score

ROWS = 400_000
SEED = 20180412
DRAWS_PER_ROW = 8
TRAINING_RATES = {"ctr": 0.039, "cvr": 0.0052, "ctcvr": 0.00021}


def draw(column):
    """Returns a uniform number in [0, 1) for each row: mulberry32's output at counter 8 * row + column + 1."""
    counter = numpy.arange(ROWS, dtype=numpy.uint64) * DRAWS_PER_ROW + column + 1
    state = ((SEED + counter * 0x6D2B79F5) & 0xFFFFFFFF).astype(numpy.uint32)
    t = (state ^ (state >> 15)) * (state | 1)
    t ^= t + (t ^ (t >> 7)) * (t | 61)
    return (t ^ (t >> 14)) / 4294967296.0


def float32(values):
    return values.astype(numpy.float32).astype(numpy.float64)


def sample():
    u = [draw(column) for column in range(DRAWS_PER_ROW)]
    click = u[2] < 0.12 * u[0] * u[0]
    conversion = click & (u[3] < 0.015 * u[1] * u[1])
    pctr = float32(0.002 + 0.13 * u[0] * (0.7 * u[0] + 0.3 * u[4]))
    # The values are on a grid, so that most rows are tied.
    pcvr = float32(numpy.floor((0.0005 + 0.02 * u[1] * (0.6 * u[1] + 0.4 * u[4])) * 4096) / 4096 + 1 / 8192)
    return {
        "click": click.astype(int),
        "conversion": numpy.where(u[7] < 0.03, -1, conversion.astype(int)),
        "pctr": pctr,
        "pcvr": pcvr,
        "pctcvr": float32(pctr * pcvr),
        "shared_pctr": float32(0.001 + 0.12 * u[0] * (0.9 * u[0] + 0.1 * u[5])),
        "weight": numpy.where(click, 1.0, float32(1 + 9 * u[5])),
        "group": numpy.floor(u[6] * 3000) * 3002399751577,
    }


def cumulative(p, y, w, edges):
    """Returns the sums of weight * label and of weight * probability below each edge of the cumulative weight."""
    _, run = numpy.unique(p, return_inverse=True)
    sums = [numpy.bincount(run, weights=values) for values in (w, w * y, w * p)]
    weight, positive, predicted = [numpy.concatenate([[0], numpy.cumsum(values)]) for values in sums]
    return numpy.interp(edges, weight, positive), numpy.interp(edges, weight, predicted)


def gauc(p, y, w, group):
    aucs, weights, dropped = [], [], 0.0
    order = numpy.argsort(group, kind="stable")
    starts = numpy.flatnonzero(numpy.diff(group[order], prepend=-1))
    parts = numpy.split(order, starts[1:])
    for rows in parts:
        if y[rows].min() == y[rows].max():
            dropped += w[rows].sum()
        else:
            aucs.append(roc_auc_score(y[rows], p[rows], sample_weight=w[rows]))
            weights.append(w[rows].sum())
    return {
        "gauc": numpy.average(aucs, weights=weights),
        "gauc_groups": len(parts),
        "gauc_dropped_groups": len(parts) - len(aucs),
        "gauc_dropped_share": dropped / w.sum(),
    }


def top_share(p, y, w, share):
    total, positives = w.sum(), (w * y).sum()
    below, _ = cumulative(p, y, w, [total * (1 - share)])
    precision, recall = (positives - below[0]) / (share * total), (positives - below[0]) / positives
    f1 = 2 * precision * recall / (precision + recall) if precision > 0 else 0.0
    return {"share": share, "precision": precision, "recall": recall, "f1": f1}


def task(p, y, w, group, training_rate):
    known = y >= 0
    unknown = int((~known).sum())
    p, y, w, group = p[known], y[known], w[known], group[known]
    total, positives = w.sum(), (w * y).sum()
    positive, predicted = cumulative(p, y, w, total * numpy.arange(21) / 20)
    positive, predicted = numpy.diff(positive), numpy.diff(predicted)
    loss = log_loss(y, p, sample_weight=w)
    return {
        "rows": len(y),
        "unknown": unknown,
        "positives": int(y.sum()),
        "base_rate": positives / total,
        "mean_prediction": numpy.average(p, weights=w),
        "pcoc": (w * p).sum() / positives,
        "auc": roc_auc_score(y, p, sample_weight=w),
        **gauc(p, y, w, group),
        "log_loss": loss,
        "training_rate": training_rate,
        "normalized_entropy": loss / log_loss(y, numpy.full(len(y), training_rate), sample_weight=w),
        "calibration_error": numpy.mean(numpy.abs(predicted - positive) / (total / 20)) / (positives / total),
        "top_k": [top_share(p, y, w, share) for share in (0.001, 0.006, 0.01)],
        "bin_pcoc": [None if ones == 0 else sums / ones for ones, sums in zip(positive, predicted)],
    }


def funnel(rows, w):
    clicked, known = rows["click"] == 1, rows["conversion"] >= 0
    weights_of = lambda chosen: {"weights": w[chosen]}
    own = {
        "ctr": (rows["pctr"], rows["click"], slice(None)),
        "cvr": (rows["pcvr"], rows["conversion"], clicked),
        "ctcvr": (rows["pctcvr"], rows["conversion"], slice(None)),
    }
    tasks = {
        name: task(p[on], y[on], w[on], rows["group"][on], TRAINING_RATES[name]) for name, (p, y, on) in own.items()
    }
    tasks["cvr"]["mean_prediction_reached"] = numpy.average(rows["pcvr"][clicked], **weights_of(clicked))
    tasks["cvr"]["mean_prediction_not_reached"] = numpy.average(rows["pcvr"][~clicked], **weights_of(~clicked))
    shared = float32(rows["shared_pctr"] * rows["pcvr"])
    return {
        "tasks": tasks,
        "ctcvr_auc_shared_ctr": roc_auc_score(rows["conversion"][known], shared[known], sample_weight=w[known]),
    }


rows = sample()
reference = {
    "made_with": {"numpy": numpy.__version__, "scikit-learn": sklearn.__version__},
    "unweighted": funnel(rows, numpy.ones(ROWS)),
    "weighted": funnel(rows, rows["weight"]),
}
pathlib.Path(__file__).with_name("metrics.json").write_text(json.dumps(reference, indent=1) + "\n")
