"""Tests of check_model.py on a tiny model built here: .venv/bin/python -m unittest discover test/onnx"""

import contextlib
import copy
import io
import json
import math
import pathlib
import tempfile
import unittest

from check_model import main
from onnx import TensorProto, helper

TABLE = [0.5, -2.0, -9.0]
# The logits of a click, where a missing price counts as 0. The logit of a conversion is 8 less.
LOGITS = [TABLE[0] + 1.5, TABLE[2] + 0.0]


def log_sigmoid(x):
    return -math.log1p(math.exp(-x))


CASES = {
    "inputs": {"item": [0, 2], "price": [1.5, None]},
    "outputs": {
        "pctr": [math.exp(log_sigmoid(a)) for a in LOGITS],
        "pcvr": [math.exp(log_sigmoid(a - 8)) for a in LOGITS],
        "pctcvr": [math.exp(log_sigmoid(a) + log_sigmoid(a - 8)) for a in LOGITS],
    },
    "must_reach": 1e-7,
}


def tiny_model(batch="batch", outputs=("pctr", "pcvr", "pctcvr"), centred=False):
    """Returns a model of an embedded item plus a price. `centred` makes a score depend on the rest of its batch."""
    nodes = [
        helper.make_node("Gather", ["table", "item"], ["embedded"]),
        helper.make_node("IsNaN", ["price"], ["is_missing"]),
        helper.make_node("Where", ["is_missing", "zero", "price"], ["known_price"]),
        helper.make_node("Add", ["embedded", "known_price"], ["sum"]),
        helper.make_node("ReduceMean", ["sum"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["sum", "mean" if centred else "zero"], ["ctr_logit"]),
        helper.make_node("Sub", ["ctr_logit", "eight"], ["cvr_logit"]),
    ]
    for stage, output in (("ctr", outputs[0]), ("cvr", outputs[1])):
        nodes += [
            helper.make_node("Neg", [f"{stage}_logit"], [f"{stage}_negative"]),
            helper.make_node("Softplus", [f"{stage}_negative"], [f"{stage}_softplus"]),
            helper.make_node("Neg", [f"{stage}_softplus"], [f"{stage}_log"]),
            helper.make_node("Exp", [f"{stage}_log"], [output]),
        ]
    nodes += [
        helper.make_node("Add", ["ctr_log", "cvr_log"], ["ctcvr_log"]),
        helper.make_node("Exp", ["ctcvr_log"], [outputs[2]]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("item", TensorProto.INT64, [batch]),
            helper.make_tensor_value_info("price", TensorProto.FLOAT, [batch]),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch]) for name in outputs],
        [
            helper.make_tensor("table", TensorProto.FLOAT, [3], TABLE),
            helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
            helper.make_tensor("eight", TensorProto.FLOAT, [], [8.0]),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def changed(change):
    cases = copy.deepcopy(CASES)
    change(cases)
    return cases


class CheckModelTest(unittest.TestCase):
    def check(self, model, cases):
        """Runs the checks, and returns the exit code and the printed lines."""
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "model.onnx").write_bytes(model.SerializeToString())
            cases_path = pathlib.Path(folder) / "cases.json"
            cases_path.write_text(json.dumps(cases))
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                code = main(folder, cases_path)
        return code, printed.getvalue().splitlines()

    def assert_fails(self, line, model=None, cases=CASES):
        code, lines = self.check(model or tiny_model(), cases)
        self.assertEqual(code, 1)
        self.assertIn(line, lines)

    def test_accepts_a_model_that_agrees_with_its_cases(self):
        self.assertEqual(
            self.check(tiny_model(), CASES),
            (
                0,
                [
                    "ok    onnx.checker accepts model.onnx with full_check",
                    "ok    outputs include pctr, pcvr, pctcvr",
                    "ok    input item has a dynamic batch axis",
                    "ok    input price has a dynamic batch axis",
                    "ok    output pctr has a dynamic batch axis",
                    "ok    output pcvr has a dynamic batch axis",
                    "ok    output pctcvr has a dynamic batch axis",
                    "ok    cases name the model's inputs and only its outputs",
                    "ok    cases expect a probability below 1e-07",
                    "ok    pctr agrees at batch size 2",
                    "ok    pcvr agrees at batch size 2",
                    "ok    pctcvr agrees at batch size 2",
                    "ok    pctr agrees at batch size 1",
                    "ok    pcvr agrees at batch size 1",
                    "ok    pctcvr agrees at batch size 1",
                    "15 passed, 0 failed",
                ],
            ),
        )

    def test_refuses_two_parts_in_100000_of_a_tiny_probability(self):
        def raise_pcvr(cases):
            cases["outputs"]["pcvr"][1] *= 1 + 2e-5

        code, lines = self.check(tiny_model(), changed(raise_pcvr))
        self.assertEqual((code, lines[-1]), (1, "13 passed, 2 failed"))
        self.assertEqual(
            lines[10],
            "FAIL  pcvr agrees at batch size 2: 1 of 2 rows differ by more than 1e-05, relatively; "
            "row 1 is 4.139937e-08, expected 4.14002e-08",
        )

    def test_refuses_nan(self):
        self.assert_fails(
            "FAIL  pctr agrees at batch size 2: 1 of 2 rows differ by more than 1e-05, relatively; "
            "row 0 is 0.8807971, expected nan",
            cases=changed(lambda cases: cases["outputs"]["pctr"].__setitem__(0, None)),
        )

    def test_refuses_a_score_that_depends_on_its_batch(self):
        _, lines = self.check(tiny_model(centred=True), CASES)
        self.assertTrue(any(line.startswith("FAIL  pctr agrees at batch size 1") for line in lines))

    def test_refuses_a_fixed_batch(self):
        self.assert_fails("FAIL  input item has a dynamic batch axis: axis 0 is always 2", tiny_model(batch=2))

    def test_refuses_a_missing_output(self):
        self.assert_fails(
            "FAIL  outputs include pctr, pcvr, pctcvr: missing pcvr", tiny_model(outputs=("pctr", "p_buy", "pctcvr"))
        )

    def test_refuses_an_invalid_graph(self):
        model = tiny_model()
        model.graph.node[0].op_type = "Gathr"
        code, lines = self.check(model, CASES)
        self.assertEqual((code, lines[-1]), (1, "0 passed, 1 failed"))
        self.assertTrue(lines[0].startswith("FAIL  onnx.checker accepts model.onnx with full_check: "))

    def test_refuses_cases_that_do_not_reach_low_enough(self):
        self.assert_fails(
            "FAIL  cases expect a probability below 1e-20: the smallest is 5.10846e-12",
            cases=changed(lambda cases: cases.update(must_reach=1e-20)),
        )

    def test_refuses_cases_with_other_names(self):
        def rename(cases):
            cases["inputs"]["cost"] = cases["inputs"].pop("price")

        self.assert_fails(
            "FAIL  cases name the model's inputs and only its outputs: "
            "input price is not in the cases; input cost is not in the model",
            cases=changed(rename),
        )

    def test_refuses_a_missing_id(self):
        self.assert_fails(
            "FAIL  model scores the cases: ValueError: an input of type int64 must have integers, got object",
            cases=changed(lambda cases: cases["inputs"].update(item=[0, None])),
        )

    def test_refuses_inputs_of_different_length(self):
        self.assert_fails(
            "FAIL  model scores the cases: ValueError: every input and output must have the same number of rows, "
            "at least 1, got {'item': 1, 'price': 2, 'pctr': 2, 'pcvr': 2, 'pctcvr': 2}",
            cases=changed(lambda cases: cases["inputs"].update(item=[0])),
        )


if __name__ == "__main__":
    unittest.main()
