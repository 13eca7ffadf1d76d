"""Checks a published model version with Python's onnx and onnxruntime, which share no code with the product.

    check_model.py <version folder> <cases.json>

cases.json has encoded rows and the probabilities that the product computed for them:

    {
      "inputs": {"user_id": [2, 5], "price": [1.5, null], "tags": [[3, 4], [3, 0]], "tags_weights": [[1, 1], [1, 0]]},
      "outputs": {"pctr": [0.04, 0.02], "pcvr": [0.005, 1e-7], "pctcvr": [0.0002, 2e-9]},
      "must_reach": 1e-7
    }

Inputs are converted to the types of the model's inputs; null is NaN in a float input. With `must_reach`, at least one
expected probability must be below it, so that agreement on large probabilities only is not enough. Prints a line for
each check. The exit code is 1 if one fails.
"""

import json
import math
import pathlib
import sys

import numpy
import onnx
import onnxruntime

ROLE_OUTPUTS = ("pctr", "pcvr", "pctcvr")
# Relative, because an absolute tolerance that suits pctr would hide any error of pctcvr.
RELATIVE_TOLERANCE = 1e-5
# Smaller probabilities get the absolute tolerance of this one: 1e-14.
SMALLEST_PROBABILITY = 1e-9


def check_version(folder, cases):
    """Yields (what is checked, problem or None) for each check of model.onnx against the cases."""
    path = pathlib.Path(folder) / "model.onnx"
    problem = graph_problem(path)
    yield "onnx.checker accepts model.onnx with full_check", problem
    if problem:
        return
    # The signature does not depend on the weights, which may be in other files.
    graph = onnx.load(path, load_external_data=False).graph
    stored = {tensor.name for tensor in graph.initializer}
    inputs = {value.name: value.type.tensor_type for value in graph.input if value.name not in stored}
    outputs = {value.name: value.type.tensor_type for value in graph.output}

    missing = [name for name in ROLE_OUTPUTS if name not in outputs]
    yield f"outputs include {', '.join(ROLE_OUTPUTS)}", f"missing {', '.join(missing)}" if missing else None
    for kind, values in (("input", inputs), ("output", outputs)):
        for name, tensor in values.items():
            yield f"{kind} {name} has a dynamic batch axis", batch_axis_problem(tensor)

    named = names_problem("input", cases["inputs"], inputs) or names_problem("output", cases["outputs"], outputs)
    yield "cases name the model's inputs and only its outputs", named
    if named:
        return
    if "must_reach" in cases:
        yield f"cases expect a probability below {cases['must_reach']:g}", reach_problem(cases)
    yield from check_scores(path, inputs, cases)


def check_scores(path, inputs, cases):
    """Yields the comparison of every expected output, with all rows in one batch and with each row in its own."""
    try:
        feeds = {name: encode(values, inputs[name]) for name, values in cases["inputs"].items()}
        expected = {name: numpy.array(values, dtype=numpy.float64) for name, values in cases["outputs"].items()}
        lengths = {name: len(values) for name, values in (feeds | expected).items()}
        if len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise ValueError(f"every input and output must have the same number of rows, at least 1, got {lengths}")
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        rows = len(next(iter(expected.values())))
        batches = {rows: [feeds], 1: [{name: x[row : row + 1] for name, x in feeds.items()} for row in range(rows)]}
        for size, batch_feeds in batches.items():
            scored = [session.run(list(expected), feed) for feed in batch_feeds]
            for position, (name, values) in enumerate(expected.items()):
                actual = numpy.concatenate([outputs[position] for outputs in scored])
                yield f"{name} agrees at batch size {size}", difference_problem(actual, values)
    # Any error that onnxruntime or a malformed case raises is a failed check, reported like the others.
    except Exception as error:
        yield "model scores the cases", f"{type(error).__name__}: {error}"


def graph_problem(path):
    try:
        onnx.checker.check_model(path, full_check=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def batch_axis_problem(tensor):
    if not tensor.HasField("shape") or len(tensor.shape.dim) == 0:
        return "it has no axis"
    axis = tensor.shape.dim[0]
    return f"axis 0 is always {axis.dim_value}" if axis.HasField("dim_value") else None


def names_problem(kind, given, model):
    """Returns what is wrong with the names of the cases: every input must be given, outputs may be left out."""
    absent = [name for name in model if name not in given] if kind == "input" else []
    unknown = [name for name in given if name not in model]
    problems = [f"{kind} {name} is not in the cases" for name in absent]
    problems += [f"{kind} {name} is not in the model" for name in unknown]
    return "; ".join(problems) or None


def reach_problem(cases):
    smallest = min((x for values in cases["outputs"].values() for x in values if x is not None), default=math.inf)
    return None if smallest < cases["must_reach"] else f"the smallest is {smallest:g}"


def encode(values, tensor):
    """Converts nested lists to an array of the type of a model's input."""
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    if numpy.issubdtype(dtype, numpy.floating):
        return numpy.array(values, dtype=numpy.float64).astype(dtype)
    array = numpy.array(values)
    if not numpy.issubdtype(array.dtype, numpy.integer):
        raise ValueError(f"an input of type {dtype} must have integers, got {array.dtype}")
    return array.astype(dtype)


def difference_problem(actual, expected):
    if actual.shape != expected.shape:
        return f"shape {actual.shape}, expected {expected.shape}"
    scale = numpy.maximum(numpy.abs(expected), SMALLEST_PROBABILITY)
    relative = numpy.abs(actual.astype(numpy.float64) - expected) / scale
    # Written this way because NaN must fail, and `relative > tolerance` is false for it.
    wrong = ~(relative <= RELATIVE_TOLERANCE)
    if not wrong.any():
        return None
    worst = int(numpy.argmax(numpy.where(numpy.isnan(relative), math.inf, relative)))
    return (
        f"{wrong.sum()} of {len(expected)} rows differ by more than {RELATIVE_TOLERANCE:g}, relatively; "
        f"row {worst} is {actual[worst]:.7g}, expected {expected[worst]:.7g}"
    )


def main(folder, cases_path):
    failed = passed = 0
    for check, problem in check_version(folder, json.loads(pathlib.Path(cases_path).read_text())):
        print(f"ok    {check}" if problem is None else f"FAIL  {check}: {problem}")
        failed, passed = failed + (problem is not None), passed + (problem is None)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: check_model.py <version folder> <cases.json>")
    sys.exit(main(*sys.argv[1:]))
