"""The trees of examples/hillstrom, fitted on the columns of the log itself: nothing of this repository encodes them.

    python test/gbdt/reference/hillstrom.py    prints the test AUC of both models, and their numbers of trees

Needs LightGBM and pyarrow (scripts/requirements.txt). A row is a test row where the hash of "1:<row>" is in the first
half of its range, and a validation row in the next tenth. The values are frozen in test/gbdt/hillstrom.test.ts.
"""

import hashlib
import pathlib

import lightgbm
import numpy
import pyarrow.parquet

LOG = pathlib.Path(__file__).parents[3] / "examples/hillstrom/hillstrom.parquet"
# In the order of the declaration: which of them a tree sees is drawn by place.
FEATURES = ["recency", "history_segment", "history", "mens", "womens", "zip_code", "newbie", "channel", "segment"]
CATEGORIES = [place for place, name in enumerate(FEATURES) if name != "history"]
PARAMETERS = {
    "objective": "binary",
    "metric": "binary_logloss",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "lambda_l2": 0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def unit_hash(row):
    """Returns DuckDB's md5_number_lower of "1:<row>", divided by 2^64."""
    return int.from_bytes(hashlib.md5(f"1:{row}".encode()).digest()[8:], "little") / 2**64


def area_under_curve(label, score):
    """Returns the share of pairs of a positive and a negative row that are in the right order, ties by half."""
    _, place, size = numpy.unique(score, return_inverse=True, return_counts=True)
    ranks = (numpy.cumsum(size) - (size - 1) / 2)[place]
    positives = label.sum()
    return (ranks[label == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(label) - positives))


log = pyarrow.parquet.read_table(LOG).to_pydict()
coded = [log[name] if name == "history" else numpy.unique(log[name], return_inverse=True)[1] for name in FEATURES]
rows = numpy.column_stack(coded).astype(numpy.float32)
part = numpy.array([unit_hash(row) for row in log["row"]])
click, conversion = numpy.array(log["visit"]), numpy.array(log["conversion"])

for name, label, reached in (("click", click, click >= 0), ("conversion", conversion, click == 1)):
    test, validation, train = part < 0.5, (part >= 0.5) & (part < 0.6), part >= 0.6
    data = lightgbm.Dataset(rows[train & reached], label[train & reached], categorical_feature=CATEGORIES)
    held_out = data.create_valid(rows[validation & reached], label[validation & reached])
    stopping = lightgbm.early_stopping(50, verbose=False)
    model = lightgbm.train(PARAMETERS, data, 1000, [held_out], callbacks=[stopping])
    scores = model.predict(rows[test & reached])
    auc = area_under_curve(label[test & reached], scores)
    print(f"{name}: AUC {auc:.6f}, {model.best_iteration} trees, mean {scores.mean():.6f}")
