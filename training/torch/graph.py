"""Runs the ONNX graphs of a training bundle in PyTorch.

A graph holds a whole training step: losses and gradients. So PyTorch computes the very formulas that onnxruntime does, and
needs no automatic differentiation. Every operator that entirespace writes is one function here (opset 17); `torch.compile`
sees nothing but tensors and constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy
import onnx
import onnx.numpy_helper
import torch
from torch import Tensor

Value = Any  # A tensor, or a list of integers or floats that is known before the graph runs.
Attributes = Mapping[str, Any]


class UnsupportedOperator(Exception):
    """An operator of the graph that has no function here."""


class Graph(torch.nn.Module):
    """A graph as a function of tensors by name. Its constants move with the module."""

    def __init__(self, path: str) -> None:
        super().__init__()
        graph = onnx.load(path).graph
        self.outputs = [output.name for output in graph.output]
        self.inputs = [value.name for value in graph.input]
        self._places: dict[str, str] = {}
        self._fixed: dict[str, list[int] | list[float] | int | float] = {}
        for index, initializer in enumerate(graph.initializer):
            self._keep(initializer.name, onnx.numpy_helper.to_array(initializer), index)
        self._steps: list[tuple[Callable[..., Value], list[str], list[str], Attributes]] = []
        for index, node in enumerate(graph.node):
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Constant":
                self._keep(node.output[0], onnx.numpy_helper.to_array(attributes["value"]), len(graph.initializer) + index)
                continue
            operator = OPERATORS.get(node.op_type)
            if operator is None:
                raise UnsupportedOperator(f"{path}: operator {node.op_type} of node {node.name or index} is not supported")
            self._steps.append((operator, list(node.input), list(node.output), attributes))

    def _keep(self, name: str, array: numpy.ndarray, index: int) -> None:
        place = f"constant_{index}"
        # A copy: the arrays of a file cannot be written to.
        self.register_buffer(place, torch.from_numpy(numpy.array(array)), persistent=False)
        self._places[name] = place
        # Shapes, axes and ends of slices are integers of few values.
        if array.dtype.kind == "i" and array.size <= 64 or array.size == 1:
            self._fixed[name] = array.tolist()

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Returns the outputs by name."""
        values: dict[str, Value] = {name: inputs[name] for name in self.inputs}
        for operator, names, outputs, attributes in self._steps:
            arguments = [Argument(self, values, name) if name else None for name in names]
            results = operator(attributes, *arguments)
            if len(outputs) == 1:
                values[outputs[0]] = results
            else:
                values.update(zip(outputs, results, strict=True))
        return {name: values[name] if name in values else self.constant(name) for name in self.outputs}

    def constant(self, name: str) -> Tensor:
        """Returns a constant of the graph."""
        constant: Tensor = getattr(self, self._places[name])
        return constant

    def fixed(self, name: str) -> list[int]:
        """Returns the integers of a constant."""
        value = self._fixed[name]
        return [int(one) for one in value] if isinstance(value, list) else [int(value)]


class Argument:
    """An input of a node: a tensor, or integers that are known beforehand."""

    def __init__(self, graph: Graph, values: Mapping[str, Value], name: str) -> None:
        self._graph, self._values, self._name = graph, values, name

    @property
    def is_shape(self) -> bool:
        """Whether the value is integers that depend on the number of rows."""
        return isinstance(self._values.get(self._name), list)

    @property
    def tensor(self) -> Tensor:
        """The value as a tensor."""
        return self._values[self._name] if self._name in self._values else self._graph.constant(self._name)

    @property
    def integers(self) -> list[int]:
        """The value as integers."""
        value = self._values.get(self._name)
        return value if isinstance(value, list) else self._graph.fixed(self._name)


def _unary(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda attributes, x: function(x.tensor)


def _binary(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda attributes, x, y: function(x.tensor, y.tensor)


def _axes(attributes: Attributes, axes: Argument | None, rank: int) -> list[int]:
    given = list(attributes["axes"]) if "axes" in attributes else (axes.integers if axes is not None else [])
    return given or list(range(rank))


def _reduce(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def reduced(attributes: Attributes, x: Argument, axes: Argument | None = None) -> Tensor:
        tensor = x.tensor
        keep = bool(attributes.get("keepdims", 1))
        return function(tensor, _axes(attributes, axes, tensor.dim()), keep)

    return reduced


def _product(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    for axis in sorted((axis % x.dim() for axis in axes), reverse=True):
        x = torch.prod(x, axis, keepdim=keep)
    return x


_TYPES = {
    onnx.TensorProto.FLOAT: torch.float32,
    onnx.TensorProto.INT32: torch.int32,
    onnx.TensorProto.INT64: torch.int64,
    onnx.TensorProto.BOOL: torch.bool,
    onnx.TensorProto.DOUBLE: torch.float64,
}


def _reshape(attributes: Attributes, x: Argument, shape: Argument) -> Tensor:
    tensor = x.tensor
    sizes = [tensor.shape[i] if size == 0 else size for i, size in enumerate(shape.integers)]
    return tensor.reshape(sizes)


def _expand(attributes: Attributes, x: Argument, shape: Argument) -> Tensor:
    tensor, sizes = x.tensor, shape.integers
    return tensor.expand(torch.broadcast_shapes(tensor.shape, torch.Size(sizes)))


def _slice(
    attributes: Attributes,
    x: Argument,
    starts: Argument,
    ends: Argument,
    axes: Argument | None = None,
    steps: Argument | None = None,
) -> Tensor:
    tensor = x.tensor
    on = axes.integers if axes is not None else list(range(len(starts.integers)))
    by = steps.integers if steps is not None else [1] * len(on)
    for axis, start, end, step in zip(on, starts.integers, ends.integers, by, strict=True):
        size = tensor.shape[axis]
        if step < 0:
            positions = list(range(size))[slice(start, None if end < -size else end, step)]
            tensor = tensor.index_select(axis, torch.tensor(positions, dtype=torch.int64, device=tensor.device))
        else:
            low, high, _ = slice(start, end, step).indices(size)
            tensor = tensor[(slice(None),) * (axis % tensor.dim()) + (slice(low, high, step),)]
    return tensor


def _split(attributes: Attributes, x: Argument, sizes: Argument | None = None) -> Value:
    tensor, axis = x.tensor, attributes.get("axis", 0)
    if sizes is None:
        return torch.chunk(tensor, attributes["num_outputs"], axis)
    parts = torch.split(tensor, sizes.integers, axis)
    return parts if len(parts) > 1 else parts[0]


def _gather(attributes: Attributes, x: Argument, indices: Argument) -> Tensor:
    tensor, ids, axis = x.tensor, indices.tensor, attributes.get("axis", 0)
    axis %= tensor.dim()
    ids = torch.where(ids < 0, ids + tensor.shape[axis], ids)
    gathered = tensor.index_select(axis, ids.reshape(-1).to(torch.int64))
    return gathered.reshape(*tensor.shape[:axis], *ids.shape, *tensor.shape[axis + 1 :])


def _gather_nd(attributes: Attributes, x: Argument, indices: Argument) -> Tensor:
    return x.tensor[tuple(indices.tensor.to(torch.int64).unbind(-1))]


def _scatter_nd(attributes: Attributes, x: Argument, indices: Argument, updates: Argument) -> Tensor:
    add = attributes.get("reduction", b"none") == b"add"
    places = tuple(indices.tensor.to(torch.int64).unbind(-1))
    return x.tensor.clone().index_put(places, updates.tensor, accumulate=add)


def _pad(attributes: Attributes, x: Argument, pads: Argument, value: Argument | None = None) -> Tensor:
    rank = x.tensor.dim()
    both = [(pads.integers[axis], pads.integers[axis + rank]) for axis in reversed(range(rank))]
    fill = 0.0 if value is None else float(value.tensor.reshape(()).item())
    return torch.nn.functional.pad(x.tensor, [size for pair in both for size in pair], value=fill)


def _gemm(attributes: Attributes, a: Argument, b: Argument, c: Argument | None = None) -> Tensor:
    x = a.tensor.mT if attributes.get("transA", 0) else a.tensor
    y = b.tensor.mT if attributes.get("transB", 0) else b.tensor
    product: Tensor = attributes.get("alpha", 1.0) * (x @ y)
    return product if c is None else product + attributes.get("beta", 1.0) * c.tensor


def _clip(attributes: Attributes, x: Argument, low: Argument | None = None, high: Argument | None = None) -> Tensor:
    return torch.clamp(x.tensor, None if low is None else low.tensor, None if high is None else high.tensor)


def _arg(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda attributes, x: function(x.tensor, attributes.get("axis", 0), bool(attributes.get("keepdims", 1)))


def _top_k(attributes: Attributes, x: Argument, k: Argument) -> Sequence[Tensor]:
    largest = bool(attributes.get("largest", 1))
    order = torch.sort(x.tensor, dim=attributes.get("axis", -1), descending=largest, stable=True)
    axis, count = attributes.get("axis", -1), k.integers[0]
    return order.values.narrow(axis, 0, count), order.indices.narrow(axis, 0, count)


def _cumulate(attributes: Attributes, x: Argument, axis: Argument) -> Tensor:
    along = axis.integers[0]
    tensor = x.tensor.flip(along) if attributes.get("reverse", 0) else x.tensor
    total = torch.cumsum(tensor, along)
    if attributes.get("exclusive", 0):
        total = total - tensor
    return total.flip(along) if attributes.get("reverse", 0) else total


# Shapes stay lists of integers: tensors would have to be read while the graph runs.
def _shape(attributes: Attributes, x: Argument) -> list[int]:
    return list(x.tensor.shape)[attributes.get("start", 0) : attributes.get("end")]


def _concat(attributes: Attributes, *xs: Argument) -> Value:
    if any(x.is_shape for x in xs):
        return [size for x in xs for size in x.integers]
    return torch.cat([x.tensor for x in xs], attributes["axis"])


def _multiply(attributes: Attributes, x: Argument, y: Argument) -> Value:
    if x.is_shape or y.is_shape:
        return [a * b for a, b in zip(x.integers, y.integers, strict=True)]
    return torch.mul(x.tensor, y.tensor)


def _divide(x: Tensor, y: Tensor) -> Tensor:
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def _modulo(attributes: Attributes, x: Argument, y: Argument) -> Tensor:
    return torch.fmod(x.tensor, y.tensor) if attributes.get("fmod", 0) else torch.remainder(x.tensor, y.tensor)


def _is_infinite(attributes: Attributes, x: Argument) -> Tensor:
    positive, negative = attributes.get("detect_positive", 1), attributes.get("detect_negative", 1)
    tensor = x.tensor
    return (torch.isposinf(tensor) & bool(positive)) | (torch.isneginf(tensor) & bool(negative))


def _fold(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def folded(attributes: Attributes, first: Argument, *others: Argument) -> Tensor:
        value = first.tensor
        for other in others:
            value = function(value, other.tensor)
        return value

    return folded


# Softplus without PyTorch's threshold of 20, from which on it returns x itself.
def _softplus(x: Tensor) -> Tensor:
    return torch.clamp(x, min=0) + torch.log1p(torch.exp(-torch.abs(x)))


OPERATORS: Mapping[str, Callable[..., Value]] = {
    "Abs": _unary(torch.abs),
    "Acos": _unary(torch.acos),
    "Acosh": _unary(torch.acosh),
    "Add": _binary(torch.add),
    "And": _binary(torch.logical_and),
    "ArgMax": _arg(torch.argmax),
    "ArgMin": _arg(torch.argmin),
    "Asin": _unary(torch.asin),
    "Asinh": _unary(torch.asinh),
    "Atan": _unary(torch.atan),
    "Atanh": _unary(torch.atanh),
    "Cast": lambda attributes, x: x.tensor.to(_TYPES[attributes["to"]]),
    "Ceil": _unary(torch.ceil),
    "Clip": _clip,
    "Concat": _concat,
    "Cos": _unary(torch.cos),
    "Cosh": _unary(torch.cosh),
    "CumSum": _cumulate,
    "Div": _binary(_divide),
    "Equal": _binary(torch.eq),
    "Erf": _unary(torch.erf),
    "Exp": _unary(torch.exp),
    "Expand": _expand,
    "Floor": _unary(torch.floor),
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Gemm": _gemm,
    "Greater": _binary(torch.gt),
    "GreaterOrEqual": _binary(torch.ge),
    "Identity": _unary(lambda x: x),
    "IsInf": _is_infinite,
    "IsNaN": _unary(torch.isnan),
    "LeakyRelu": lambda attributes, x: torch.nn.functional.leaky_relu(x.tensor, attributes.get("alpha", 0.01)),
    "Less": _binary(torch.lt),
    "LessOrEqual": _binary(torch.le),
    "Log": _unary(torch.log),
    "MatMul": _binary(torch.matmul),
    "Max": _fold(torch.maximum),
    "Min": _fold(torch.minimum),
    "Mod": _modulo,
    "Mul": _multiply,
    "Neg": _unary(torch.neg),
    "Not": _unary(torch.logical_not),
    "Or": _binary(torch.logical_or),
    "Pad": _pad,
    "Pow": _binary(torch.pow),
    "Reciprocal": _unary(torch.reciprocal),
    "ReduceMax": _reduce(torch.amax),
    "ReduceMean": _reduce(torch.mean),
    "ReduceMin": _reduce(torch.amin),
    "ReduceProd": _reduce(_product),
    "ReduceSum": _reduce(torch.sum),
    "Relu": _unary(torch.relu),
    "Reshape": _reshape,
    "Round": _unary(torch.round),
    "ScatterND": _scatter_nd,
    "Shape": _shape,
    "Sigmoid": _unary(torch.sigmoid),
    "Sign": _unary(torch.sign),
    "Sin": _unary(torch.sin),
    "Sinh": _unary(torch.sinh),
    "Slice": _slice,
    "Softmax": lambda attributes, x: torch.softmax(x.tensor, attributes.get("axis", -1)),
    "Softplus": _unary(_softplus),
    "Split": _split,
    "Sqrt": _unary(torch.sqrt),
    "Squeeze": lambda attributes, x, axes=None: x.tensor.squeeze(tuple(axes.integers)) if axes else x.tensor.squeeze(),
    "Sub": _binary(torch.sub),
    "Tan": _unary(torch.tan),
    "Tanh": _unary(torch.tanh),
    "Tile": lambda attributes, x, repeats: x.tensor.repeat(repeats.integers),
    "TopK": _top_k,
    "Transpose": lambda attributes, x: x.tensor.permute(*attributes["perm"]),
    "Unsqueeze": lambda attributes, x, axes: _unsqueeze(x.tensor, axes.integers),
    "Where": lambda attributes, condition, x, y: torch.where(condition.tensor, x.tensor, y.tensor),
    "Xor": _binary(torch.logical_xor),
}


def _unsqueeze(x: Tensor, axes: Sequence[int]) -> Tensor:
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x
