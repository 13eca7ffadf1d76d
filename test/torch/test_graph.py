"""The operators of training/torch/graph.py against onnxruntime: .venv-torch/bin/python -m unittest discover test/torch"""

import pathlib
import re
import sys
import tempfile
import unittest

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "training/torch"))
from graph import OPERATORS, Graph, UnsupportedOperator  # noqa: E402

X = numpy.array([[-2.5, -1.0, -0.0], [0.25, 1.5, 30.0]], numpy.float32)
Y = numpy.array([[2.0, -3.0, 0.5], [1.0, 0.5, 4.0]], numpy.float32)
UNIT = numpy.array([[-0.75, 0.0, 0.5], [0.25, 0.875, -0.125]], numpy.float32)
TRUE = numpy.array([[True, False, True], [False, False, True]])
IDS = numpy.array([1, -1, 0], numpy.int64)
ODD = numpy.array([[numpy.inf, -numpy.inf, numpy.nan], [0.0, -1.0, 1e30]], numpy.float32)


def ints(*values):
    return numpy.array(values, numpy.int64)


# By operator: inputs, constants after them, and attributes.
CASES = [
    *((name, [X], [], {}) for name in "Abs Ceil Cos Erf Exp Floor Neg Relu Round Sign Sin Softplus Tan Tanh Sigmoid Sinh Cosh".split()),
    *((name, [UNIT], [], {}) for name in "Acos Asin Atan Atanh Asinh".split()),
    ("Acosh", [numpy.abs(X) + 1], [], {}),
    ("Round", [numpy.array([0.5, 1.5, 2.5, -0.5, -1.5], numpy.float32)], [], {}),
    ("Softplus", [numpy.array([-100, -20, 0, 20, 100], numpy.float32)], [], {}),
    *((name, [numpy.abs(X) + 1], [], {}) for name in "Log Sqrt Reciprocal".split()),
    *((name, [X, Y], [], {}) for name in "Add Sub Mul Div Max Min".split()),
    *((name, [ints(7, -7, 7, -7), ints(2, 2, -2, -2)], [], {}) for name in ("Add", "Mul", "Sub", "Div", "Mod")),
    ("Mod", [X, Y], [], {"fmod": 1}),
    ("Pow", [numpy.abs(X), Y], [], {}),
    ("Max", [X, Y, UNIT], [], {}),
    *((name, [X, X[:, ::-1].copy()], [], {}) for name in "Equal Greater GreaterOrEqual Less LessOrEqual".split()),
    *((name, [TRUE, TRUE[::-1].copy()], [], {}) for name in "And Or Xor".split()),
    ("Not", [TRUE], [], {}),
    ("Where", [TRUE, X, Y], [], {}),
    ("IsNaN", [ODD], [], {}),
    ("IsInf", [ODD], [], {}),
    ("IsInf", [ODD], [], {"detect_negative": 0}),
    ("IsInf", [ODD], [], {"detect_positive": 0}),
    ("Cast", [X], [], {"to": TensorProto.INT64}),
    ("Cast", [TRUE], [], {"to": TensorProto.FLOAT}),
    ("Cast", [X], [], {"to": TensorProto.BOOL}),
    ("LeakyRelu", [X], [], {"alpha": 0.2}),
    ("Clip", [X], [numpy.float32(-1), numpy.float32(1)], {}),
    ("Concat", [X, Y], [], {"axis": 1}),
    ("Softmax", [X], [], {"axis": 1}),
    ("Transpose", [X], [], {"perm": [1, 0]}),
    ("MatMul", [X, Y.T.copy()], [], {}),
    ("MatMul", [numpy.stack([X, Y]), numpy.stack([Y.T, X.T])], [], {}),
    ("Gemm", [X, Y, numpy.ones((2, 2), numpy.float32)], [], {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Gemm", [X.T.copy(), Y], [], {"transA": 1, "transB": 1}),
    ("Reshape", [X], [ints(0, -1, 1)], {}),
    ("Reshape", [X], [ints(-1)], {}),
    ("Expand", [X], [ints(4, 1, 1)], {}),
    ("Tile", [X], [ints(2, 3)], {}),
    ("Unsqueeze", [X], [ints(0, -1)], {}),
    ("Squeeze", [X.reshape(1, 2, 3, 1)], [ints(0, 3)], {}),
    ("Slice", [X], [ints(1), ints(3), ints(1)], {}),
    ("Slice", [X], [ints(-1), ints(-(2**31)), ints(1), ints(-1)], {}),
    ("Slice", [X], [ints(0, 0), ints(1, 2**31), ints(0, 1), ints(1, 2)], {}),
    ("Split", [X], [ints(1, 2)], {"axis": 1}),
    ("Pad", [X], [ints(1, 0, 0, 2), numpy.float32(7)], {}),
    ("Gather", [X, IDS], [], {"axis": 0}),
    ("Gather", [X, ints(2, 0).reshape(1, 2)], [], {"axis": 1}),
    ("GatherND", [X, ints(1, 2, 0, 0).reshape(2, 2)], [], {}),
    ("ScatterND", [X, ints(1, 2, 0, 0).reshape(2, 2), numpy.array([9, 8], numpy.float32)], [], {}),
    ("ScatterND", [X, ints(0, 0, 0).reshape(3, 1), numpy.stack([Y[0]] * 3)], [], {"reduction": "add"}),
    ("ArgMax", [X], [], {"axis": 1, "keepdims": 0}),
    ("ArgMin", [X], [], {"axis": 0}),
    ("TopK", [X], [ints(2)], {"axis": 1}),
    ("TopK", [X], [ints(1)], {"axis": 1, "largest": 0}),
    ("CumSum", [X], [numpy.array(1, numpy.int64)], {}),
    ("CumSum", [X], [numpy.array(0, numpy.int64)], {"exclusive": 1, "reverse": 1}),
    ("ReduceSum", [X], [ints(0)], {"keepdims": 0}),
    ("ReduceSum", [X], [], {}),
    *((name, [X], [], {"axes": [1], "keepdims": 0}) for name in "ReduceMax ReduceMean ReduceMin ReduceProd".split()),
    *((name, [X], [], {"axes": [0, 1]}) for name in "ReduceMax ReduceMean ReduceMin ReduceProd".split()),
]
# It has no test by itself: the models read the number of rows with it, in shapes.
IN_SHAPES = {"Shape"}


def model_of(name, inputs, constants, attributes):
    """Returns the ONNX model of one node."""
    names = [f"x{i}" for i in range(len(inputs))]
    fixed = [f"c{i}" for i in range(len(constants))]
    outputs = ["y0", "y1"] if name in ("Split", "TopK") else ["y0"]
    node = helper.make_node(name, names + fixed, outputs, **attributes)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in zip(names, inputs)],
        [onnx.ValueInfoProto(name=n) for n in outputs],
        [numpy_helper.from_array(numpy.asarray(c), n) for n, c in zip(fixed, constants)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Operators(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = str(pathlib.Path(folder.name) / "one.onnx")

    def test_give_the_values_of_onnxruntime(self):
        for name, inputs, constants, attributes in CASES:
            with self.subTest(name, attributes=attributes, shapes=[x.shape for x in inputs]):
                onnx.save(model_of(name, inputs, constants, attributes), self.path)
                feeds = {f"x{i}": x for i, x in enumerate(inputs)}
                expected = onnxruntime.InferenceSession(self.path).run(None, feeds)
                actual = Graph(self.path)({key: torch.from_numpy(x) for key, x in feeds.items()})
                for got, want in zip(actual.values(), expected, strict=True):
                    numpy.testing.assert_allclose(got.numpy(), want, rtol=2e-6, atol=1e-7)
                    self.assertEqual(got.numpy().dtype.kind, want.dtype.kind)

    def test_are_all_that_entirespace_writes(self):
        rows = re.findall(r"^\| `\w+` \|.*\|([^|]*)\|$", (ROOT / "docs/kernels.md").read_text(), re.MULTILINE)
        written = {operator for cell in rows for operator in re.findall(r"`(\w+)`", cell)}
        self.assertGreater(len(written), 60)
        self.assertEqual(written - set(OPERATORS), set())

    def test_are_all_tested(self):
        self.assertEqual(set(OPERATORS) - {name for name, *_ in CASES}, IN_SHAPES | {"Identity"})

    def test_others_are_refused_by_name(self):
        onnx.save(model_of("Hardmax", [X], [], {}), self.path)
        with self.assertRaisesRegex(UnsupportedOperator, "operator Hardmax of node 0 is not supported"):
            Graph(self.path)


if __name__ == "__main__":
    unittest.main()
