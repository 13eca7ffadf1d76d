# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "lightgbm==4.7.0", "numpy==2.4.6", "pandas==3.1.1", "pyarrow==26.0.1", "scikit-learn==1.9.1",
# ]
# ///
"""Gradient-boosted trees that predict the visits of examples/hillstrom: a baseline for the model's click tower.

    gbdt-baseline.py             prints the AUC on the test half of ten splits, with the frozen settings
    gbdt-baseline.py --choose    searches the grid that the frozen settings were chosen from (takes minutes)

Needs the packages listed above, which `uv run` installs. The splits are those of the product: a row is in the test half
where the hash of "<seed>:<row>" is below half of its range.

The settings were chosen on the training half of split 1 only: all settings of the grid were fitted on the rows with a
hash in [0.7, 1), and those with the best AUC on the rows in [0.5, 0.7) were kept, with their number of trees. With these
frozen settings, a model is fitted on the whole training half of each split.
"""

import hashlib
import itertools
import pathlib
import sys

import lightgbm
import numpy
import pandas
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

LOG = pathlib.Path(__file__).parent.parent / "examples/hillstrom/hillstrom.parquet"
LABEL = "visit"
CATEGORIES = ["history_segment", "zip_code", "channel", "segment"]
FEATURES = ["recency", "history", "mens", "womens", "newbie", *CATEGORIES]
SEEDS = range(1, 11)
# Number of trees fitted for each setting of the grid. The best smaller number becomes part of the setting.
MAX_TREES = 400

FROZEN = {
    "hist_gradient_boosting": {"learning_rate": 0.1, "leaves": 4, "rows_per_leaf": 50, "l2": 30, "trees": 190},
    "lightgbm": {"learning_rate": 0.1, "leaves": 4, "rows_per_leaf": 200, "l2": 30, "trees": 230},
}
GRID = {
    "learning_rate": [0.02, 0.05, 0.1],
    "leaves": [3, 4, 6, 8, 15],
    "rows_per_leaf": [50, 200],
    "l2": [1, 30],
}


def unit_hashes(rows, seed):
    """Returns DuckDB's md5_number_lower of "<seed>:<row>", divided by 2^64, for each row."""
    digests = (hashlib.md5(f"{seed}:{row}".encode()).digest() for row in rows)
    return numpy.array([int.from_bytes(digest[8:], "little") / 2**64 for digest in digests])


def new_model(library, learning_rate, leaves, rows_per_leaf, l2, trees):
    if library == "lightgbm":
        return lightgbm.LGBMClassifier(
            learning_rate=learning_rate,
            num_leaves=leaves,
            min_child_samples=rows_per_leaf,
            reg_lambda=l2,
            n_estimators=trees,
            random_state=0,
            deterministic=True,
            force_row_wise=True,
            verbose=-1,
        )
    return HistGradientBoostingClassifier(
        learning_rate=learning_rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=rows_per_leaf,
        l2_regularization=l2,
        max_iter=trees,
        early_stopping=False,
        categorical_features="from_dtype",
        random_state=0,
    )


def measure(log):
    aucs = {library: [] for library in FROZEN}
    for seed in SEEDS:
        in_test = unit_hashes(log["row"], seed) < 0.5
        train, test = log[~in_test], log[in_test]
        for library, settings in FROZEN.items():
            model = new_model(library, **settings).fit(train[FEATURES], train[LABEL])
            aucs[library].append(roc_auc_score(test[LABEL], model.predict_proba(test[FEATURES])[:, 1]))
        shown = ", ".join(f"{library} {values[-1]:.5f}" for library, values in aucs.items())
        print(f"split {seed}: {len(train)} training rows, {len(test)} test rows, AUC {shown}")
    for library, values in aucs.items():
        print(f"{library}: mean {numpy.mean(values):.5f}, standard deviation {numpy.std(values, ddof=1):.5f}")


def choose(log):
    part = unit_hashes(log["row"], 1)
    train, validation = log[part >= 0.7], log[(part >= 0.5) & (part < 0.7)]
    for library in FROZEN:
        tried = []
        for values in itertools.product(*GRID.values()):
            settings = dict(zip(GRID, values))
            model = new_model(library, **settings, trees=MAX_TREES).fit(train[FEATURES], train[LABEL])
            for trees, scores in scores_by_trees(model, validation[FEATURES]):
                tried.append((roc_auc_score(validation[LABEL], scores), {**settings, "trees": trees}))
        auc, settings = max(tried, key=lambda trial: trial[0])
        print(f"{library}: validation AUC {auc:.5f} with {settings}")


def scores_by_trees(model, rows):
    """Yields the scores of the first 10, 20, ... trees, with the number of trees."""
    if isinstance(model, HistGradientBoostingClassifier):
        for trees, probabilities in enumerate(model.staged_predict_proba(rows), start=1):
            if trees % 10 == 0:
                yield trees, probabilities[:, 1]
    else:
        for trees in range(10, MAX_TREES + 1, 10):
            yield trees, model.predict_proba(rows, num_iteration=trees)[:, 1]


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--choose"]):
        sys.exit("usage: gbdt-baseline.py [--choose]")
    hillstrom = pandas.read_parquet(LOG).astype({column: "category" for column in CATEGORIES})
    print(f"scikit-learn {sklearn.__version__}, LightGBM {lightgbm.__version__}")
    (choose if sys.argv[1:] else measure)(hillstrom)
