"""Updates of rows of tables, against a loop in float64 over the rows that are read."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "training/torch"))
import torch
from optimizers import Occurrences, RowsRule, Settings, optimizers_of, update_rows

STEP, RATE, L2, DIMENSION = 3, 0.05, 0.01, 3


def expected_row(kind, w, g, state):
    """Returns the new row and states of one row, by the formulas of docs/model.md."""
    if kind == "adam":
        m, v = 0.9 * state[0] + 0.1 * g, 0.999 * state[1] + 0.001 * g * g
        root = (1 - 0.999**STEP) ** 0.5
        return w - RATE / (1 - 0.9**STEP) * root * m / (v.sqrt() + 1e-8), [m, v]
    if kind == "adagrad":
        s = state[0] + g * g
        return w - RATE * g / (s.sqrt() + 1e-10), [s]
    if kind == "rowwise_adagrad":
        s = state[0] + (g * g).mean()
        return w - RATE / (s.sqrt() + 1e-8) * g, [s]
    return w - RATE * g, []


class UpdatedRows(unittest.TestCase):
    """A batch of few ids takes one way, and a batch of many the other."""

    def check(self, kind, table_rows, ids):
        torch.manual_seed(7)
        _, optimizer = optimizers_of({"type": kind, "momentum": 0})
        weights = optimizer.weights(torch.randn(table_rows, DIMENSION))
        for state in weights.state:
            state.uniform_(0.1, 1)
        ids = torch.tensor(ids, dtype=torch.int32)
        # The id 1 occurs twice, once without being read; the id 2 is never read.
        read = torch.tensor([0.0 if i == 2 or (i == 1 and k == 0) else 1.0 for k, i in enumerate(ids.tolist())])
        gradients = torch.randn(len(ids), DIMENSION) * read.unsqueeze(1)
        values, states = weights.values.double(), [state.double() for state in weights.state]
        touched = set()
        for row in set(ids[read > 0].tolist()):
            of_row = (ids == row) & (read > 0)
            g = gradients[of_row].double().sum(0) + L2 * int(of_row.sum()) * values[row]
            values[row], new = expected_row(kind, values[row], g, [state[row] for state in states])
            for state, after in zip(states, new, strict=True):
                state[row] = after
            touched.add(row)
        numbers = torch.tensor(Settings.numbers(STEP, RATE))
        settings = Settings(*numbers.unbind(), momentum=0.0)
        updated, reads = update_rows(weights, Occurrences(ids, gradients, read), RowsRule(optimizer.rule), settings, L2)
        torch.testing.assert_close(weights.values.double(), values, rtol=1e-5, atol=1e-6)
        for state, after in zip(weights.state, states, strict=True):
            torch.testing.assert_close(state.double(), after, rtol=1e-5, atol=1e-6)
        self.assertEqual(set(torch.arange(table_rows)[updated][reads > 0].tolist()), touched)

    def test_few_ids(self):
        for kind in ("adam", "adagrad", "rowwise_adagrad", "sgd"):
            with self.subTest(kind):
                self.check(kind, 1_000, [1, 5, 2, 1, 999, 5, 5, 0])

    def test_many_ids(self):
        for kind in ("adam", "adagrad", "rowwise_adagrad", "sgd"):
            with self.subTest(kind):
                self.check(kind, 8, [1, 5, 2, 1, 7, 5, 5, 0])


if __name__ == "__main__":
    unittest.main()
