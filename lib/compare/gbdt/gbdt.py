"""Gradient-boosted trees of LightGBM for `entirespace compare`: one model for each labelled stage of the funnel.

    gbdt.py --version    prints the version of LightGBM
    gbdt.py              reads a request, one line of JSON on standard input, trains, and writes the scores to a file

What the request holds, and the lines of JSON that are written to standard output, is in gbdt.ts. The rows are read from
the files of encoded rows that the networks are trained on. The process ends when its standard input does.
"""

import json
import os
import sys
import threading

import lightgbm
import numpy

# Categories with more values than LightGBM has bins become the rate of the label among the rows that have the value.
MOST_CATEGORIES = 254
FOLDS = 5
MAX_TREES = 1000
PATIENCE = 50
# Without validation rows nothing can tell when to stop.
TREES_UNVALIDATED = 100
WINDOW_BLOCKS = 64
REPORT_TREES = 10


class RowFile:
    """Encoded rows on disk: blocks of rows, in a block the columns one after the other, each element in four bytes."""

    def __init__(self, stored, block_rows):
        self.path = stored["path"]
        self.rows = stored["rows"]
        self.block_rows = block_rows
        self.columns = [
            (group, name, length) for group, lengths in stored["layout"].items() for name, length in lengths.items()
        ]
        self.row_elements = sum(length for _, _, length in self.columns)

    def windows(self):
        """Yields the rows of some blocks at a time."""
        blocks = -(-self.rows // self.block_rows)
        for first in range(0, blocks, WINDOW_BLOCKS):
            yield self.read(first, min(first + WINDOW_BLOCKS, blocks))

    def read(self, first=0, end=None):
        """Returns the columns of the blocks [first, end) as arrays [rows, length], by group and name."""
        start = first * self.block_rows
        rows = (self.rows if end is None else min(self.rows, end * self.block_rows)) - start
        columns = {
            (group, name): numpy.empty((rows, length), "<i4" if group in ("ids", "groups") else "<f4")
            for group, name, length in self.columns
        }
        with open(self.path, "rb") as file:
            file.seek(4 * start * self.row_elements)
            for at in range(0, rows, self.block_rows):
                count = min(self.block_rows, rows - at)
                for group, name, length in self.columns:
                    values = columns[group, name]
                    block = numpy.fromfile(file, values.dtype, count * length)
                    values[at : at + count] = block.reshape(count, length)
        return columns


def ids_of(feature, columns):
    """Returns the table rows [rows, length] of an embedded feature, and the share of each in the row."""
    name = feature["name"]
    ids = columns["ids", name]
    if feature["kind"] == "id":
        return ids, numpy.ones(ids.shape, numpy.float32)
    # Rows to train on have the factors of the values, rows to score their weights.
    is_present = columns["coefficients" if ("coefficients", name) in columns else "weights", name] > 0
    # An empty list has the row of the missing value.
    is_present[~is_present.any(axis=1), 0] = True
    return ids, is_present / is_present.sum(axis=1, keepdims=True, dtype=numpy.float32)


def intervals_of(feature, columns):
    """Returns the interval of a number with quantiles; NaN where it is missing."""
    name = feature["name"]
    if ("ids", name) in columns:
        ids = columns["ids", name][:, 0]
    else:
        values = columns["numbers", name][:, 0]
        boundaries = numpy.array(feature["boundaries"], numpy.float32)
        ids = numpy.where(numpy.isnan(values), 0, 1 + numpy.searchsorted(boundaries, values, side="left"))
    return numpy.where(ids == 0, numpy.nan, ids)


def places_of(ids, values):
    """Returns the place of each id among the sorted values; their number where it is not among them."""
    places = numpy.searchsorted(values, ids)
    is_known = values[numpy.minimum(places, len(values) - 1)] == ids
    return numpy.where(is_known, places, len(values))


class Categories:
    """A category with few values: LightGBM splits on sets of them."""

    is_category = True

    def __init__(self, feature, columns):
        self.name = feature["name"]
        self.values = numpy.unique(columns["ids", self.name])

    def training_columns(self, columns):
        return self.columns(columns)

    def columns(self, columns):
        places = places_of(columns["ids", self.name][:, 0], self.values)
        return [numpy.where(places < len(self.values), places, numpy.nan)]


class Numbers:
    """A number, those of a vector, or the interval of a number with quantiles."""

    is_category = False

    def __init__(self, feature):
        self.feature = feature

    def training_columns(self, columns):
        return self.columns(columns)

    def columns(self, columns):
        if self.feature["kind"] == "quantile":
            return [intervals_of(self.feature, columns)]
        return list(columns["numbers", self.feature["name"]].T)


class Rates:
    """Many values, or several in a row: the rate of the label among the rows with the value, and how often it occurs.

    The rate of a training row is that of the other folds, so that it does not hold the row's own label. Each value has
    one positive more, at the mean rate, so that rare values are near the mean. Of several values the mean counts.
    """

    is_category = False

    def __init__(self, feature, columns, label, weight, folds):
        self.feature = feature
        self.folds = folds
        self.prior = numpy.average(label, weights=weight)
        ids, shares = ids_of(feature, columns)
        self.values = numpy.unique(ids)
        # Values that no training row has come last.
        size = len(self.values) + 1
        cells = folds[:, None] * size + places_of(ids, self.values)

        def sums(values):
            return numpy.bincount(cells.ravel(), (shares * values[:, None]).ravel(), FOLDS * size).reshape(FOLDS, size)

        self.positives, self.counts = sums(label * weight), sums(weight)

    def rates(self, positives, counts):
        return self.prior * (positives + 1) / (self.prior * counts + 1)

    def training_columns(self, columns):
        others = self.rates(self.positives.sum(0) - self.positives, self.counts.sum(0) - self.counts)
        return self.looked_up(columns, lambda places: others[self.folds[:, None], places])

    def columns(self, columns):
        rates = self.rates(self.positives.sum(0), self.counts.sum(0))
        return self.looked_up(columns, lambda places: rates[places])

    def looked_up(self, columns, rate_of):
        ids, shares = ids_of(self.feature, columns)
        places = places_of(ids, self.values)
        return [(rate_of(places) * shares).sum(1), (self.counts.sum(0)[places] * shares).sum(1)]


def encoder_of(feature, columns, **labels):
    """Returns how a feature's encoded values become columns of the trees."""
    kind = feature["kind"]
    if kind in ("number", "quantile"):
        return Numbers(feature)
    if kind == "id" and len(numpy.unique(columns["ids", feature["name"]])) <= MOST_CATEGORIES:
        return Categories(feature, columns)
    return Rates(feature, columns, **labels)


def matrix(columns):
    values = numpy.empty((len(columns[0]), len(columns)), numpy.float32)
    for place, column in enumerate(columns):
        values[:, place] = column
    return values


def labelled_rows(columns, stage, taken=None):
    """Returns the rows that have reached the stage before, and whose label is known, with labels and weights."""
    name, given = stage["name"], stage["given"]
    is_taken = columns["weights", name][:, 0] > 0
    if given is not None:
        is_taken &= columns["labels", given][:, 0] == 1
    if taken is not None:
        is_taken &= taken
    chosen = columns if is_taken.all() else {key: values[is_taken] for key, values in columns.items()}
    return chosen, chosen["labels", name][:, 0], chosen["weights", name][:, 0]


class StageModel:
    """The trees of a stage, trained on the rows that reached the stage before it."""

    def __init__(self, request, stage, train, validation, taken):
        self.name = stage["name"]
        rows, label, weight = labelled_rows(train, stage, taken)
        if len(label) == 0:
            before = "has a known label" if stage["given"] is None else f"reached {stage['given']}"
            raise ValueError(f"no rows to train {self.name} on: none {before}")
        folds = numpy.random.default_rng(request["seed"]).integers(0, FOLDS, len(label))
        self.encoders = [
            encoder_of(feature, rows, label=label, weight=weight, folds=folds) for feature in request["features"]
        ]
        encoded = [encoder.training_columns(rows) for encoder in self.encoders]
        data = lightgbm.Dataset(
            matrix([column for columns in encoded for column in columns]),
            label,
            weight=weight,
            categorical_feature=[
                sum(map(len, encoded[:place])) for place, encoder in enumerate(self.encoders) if encoder.is_category
            ],
        )
        held_out, label, weight = labelled_rows(validation, stage)
        is_validated = len(label) > 0
        valid = [data.create_valid(self.encode(held_out), label, weight=weight)] if is_validated else []
        stopping = [lightgbm.early_stopping(PATIENCE, verbose=False)] if is_validated else []
        self.booster = lightgbm.train(
            parameters(request),
            data,
            MAX_TREES if is_validated else TREES_UNVALIDATED,
            valid,
            callbacks=[self.count_trees, *stopping],
        )
        self.best = self.booster.best_iteration if is_validated else self.trees

    def count_trees(self, env):
        self.trees = env.iteration + 1
        if self.trees % REPORT_TREES == 0:
            say({"stage": self.name, "trees": self.trees, "most": env.end_iteration})

    def encode(self, columns):
        return matrix([column for encoder in self.encoders for column in encoder.columns(columns)])

    def predict(self, columns):
        return self.booster.predict(self.encode(columns), num_iteration=self.best).astype("<f4")


def parameters(request):
    # Rows and features are drawn for each tree, so that seeds differ; one thread always computes the same.
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": 0.05,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "seed": request["seed"],
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
        **request["parameters"],
    }


def train(request):
    """Trains the stages one after the other, and writes their scores: of each the validation, then the test rows."""
    files = {part: RowFile(request[part], request["blockRows"]) for part in ("train", "validation", "test")}
    columns = {part: files[part].read() for part in ("train", "validation")}
    taken = None if request["taken"] is None else numpy.fromfile(request["taken"], numpy.uint8) == 1
    networks = []
    with open(request["scores"], "wb") as scores:
        for stage in request["stages"]:
            model = StageModel(request, stage, columns["train"], columns["validation"], taken)
            networks.append({"name": model.name, "bestEpoch": model.best, "epochs": model.trees})
            for part in ("validation", "test"):
                for window in files[part].windows():
                    model.predict(window).tofile(scores)
    return networks


def say(line):
    print(json.dumps(line), flush=True)


def end_with_parent():
    """Ends the process when standard input ends: whoever asked is gone then."""
    # Not by a buffered reader, whose lock Python would miss when it ends.
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(lightgbm.__version__)
    else:
        wanted = json.loads(sys.stdin.buffer.readline())
        threading.Thread(target=end_with_parent, daemon=True).start()
        try:
            say({"networks": train(wanted)})
        except (ValueError, MemoryError, lightgbm.basic.LightGBMError) as error:
            say({"error": str(error) or type(error).__name__})
