/**
 * Tracing: a TF.js function -> a graph with an open batch size. The function runs twice, at two batch sizes; whatever
 * differs must be a multiple of the batch, or the function is refused, because TF.js would have fixed the size in it
 * (the gradient of `mean` divides by a constant, `ones(x.shape)` is a constant of that shape). The same holds for the
 * other open size, the number of distinct rows.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  type Dimension,
  type ElementType,
  type Graph,
  type Initializer,
  type Node,
  type OpenSize,
  openSize,
  type Port,
  prune,
} from './graph.ts';
import { registerKernels } from './kernels/index.ts';
import { elementType, type Recorded, type RecordedConstant, Recorder, UntraceableError } from './recorder.ts';

/** An input of the traced function and of its graph. */
export interface TracedInput {
  readonly name: string;
  readonly shape: readonly (number | OpenSize)[];
  /** `int64` is an int32 tensor in the traced function. */
  readonly type: ElementType;
}

/** A named value that is stored in the graph, such as a parameter or an embedding table. */
export interface TracedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type Tensors = Readonly<Record<string, tf.Tensor>>;

const BACKEND = 'onnx-recorder';
/** The open sizes of the two runs. No multiples of one size are multiples of the other in both runs. */
const SIZES = [
  { batch: 5, distinct: 3 },
  { batch: 7, distinct: 4 },
] as const;
const OPEN_SIZES: readonly OpenSize[] = ['batch', 'distinct'];

/** Name of the graph's value that holds an open size, int64 [1]. */
const sizeName = (size: OpenSize) => `${size}_size`;

const recorder = new Recorder();
tf.registerBackend(BACKEND, () => recorder, 0);
registerKernels(BACKEND);

/**
 * Traces a function of named inputs and weights to a graph, whose outputs have the names that the function gives them.
 * @throws {UntraceableError} naming the kernel that has no rule, reads a value, or depends on the batch size.
 */
export function trace(
  traced: (inputs: Tensors, weights: Tensors) => Tensors,
  inputs: readonly TracedInput[],
  weights: readonly TracedWeight[] = [],
): Graph {
  const [first, second] = SIZES.map((sizes) => record(traced, inputs, weights, sizes)) as [Recording, Recording];
  try {
    return prune(unify(first, second, inputs, weights));
  } catch (error) {
    refuseChangingConstants(first, record(traced, inputs, weights, SIZES[0]));
    throw error;
  }
}

/** Fails on a constant that differs between two recordings at the same sizes. */
function refuseChangingConstants(first: Recording, again: Recording): void {
  for (const [i, constant] of first.constants.entries()) {
    const other = again.constants[i];
    if (other !== undefined && !isSameConstant(constant, other))
      throw new UntraceableError(
        `kernel ${constant.kernel} has a constant that changes from run to run: a graph may not contain a random number or a time`,
        { at: constant.at },
      );
  }
}

interface Recording extends Recorded {
  readonly outputs: readonly { name: string; value: string; shape: readonly number[]; type: ElementType }[];
}

function record(
  traced: (inputs: Tensors, weights: Tensors) => Tensors,
  inputs: readonly TracedInput[],
  weights: readonly TracedWeight[],
  sizes: Readonly<Record<OpenSize, number>>,
): Recording {
  const previous = tf.getBackend();
  if (recorder.isRecording) throw new UntraceableError('a trace inside a trace');
  tf.setBackend(BACKEND).catch(() => undefined);
  // TF.js calls a kernel through more functions than a stack has by default, and the call in the traced function is
  // below them.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  recorder.begin();
  let outputs: Recording['outputs'] = [];
  let recorded: Recorded;
  try {
    tf.tidy(() => {
      const placeholders = inputs.map(({ name, shape, type }) => {
        const fixed = shape.map((size) => (typeof size === 'number' ? size : sizes[size]));
        return [name, recorder.placeholder(name, fixed, type)] as const;
      });
      const constants = weights.map(({ name, shape }) => [name, recorder.placeholder(name, shape, 'float32')] as const);
      const results = traced(Object.fromEntries(placeholders), Object.fromEntries(constants));
      outputs = Object.entries(results).map(([name, tensor]) => ({
        name,
        value: recorder.nameOf(tensor),
        shape: tensor.shape,
        type: elementType(tensor.dtype),
      }));
    });
  } catch (error) {
    throw namingTheKernel(error);
  } finally {
    recorded = recorder.end();
    Error.stackTraceLimit = stackTraceLimit;
    if (previous && previous !== BACKEND) tf.setBackend(previous).catch(() => undefined);
  }
  return { ...recorded, outputs };
}

function namingTheKernel(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const unknown = /^Kernel '(\w+)' not registered/.exec(error.message)?.[1];
  if (unknown !== undefined)
    return new UntraceableError(`no ONNX rule for the TF.js kernel ${unknown}`, { cause: error, at: error });
  const constant = /gradient function not found for (\w+)/.exec(error.message)?.[1];
  if (constant !== undefined)
    return new UntraceableError(`the TF.js kernel ${constant} has no gradient`, { cause: error, at: error });
  return error;
}

/** Makes one graph of two recordings: dimensions that differ between them are written as multiples of the batch. */
function unify(
  first: Recording,
  second: Recording,
  inputs: readonly TracedInput[],
  weights: readonly TracedWeight[],
): Graph {
  if ((['nodes', 'constants', 'shapes'] as const).some((part) => first[part].length !== second[part].length)) {
    throw new UntraceableError('the traced function makes another graph at another batch size');
  }
  const shapes = new Map(
    first.shapes.map(({ name, sizes, kernel, at }, i) => {
      const others = second.shapes[i]?.sizes ?? [];
      return [name, sizes.map((size, k) => dimension(size, others[k] ?? Number.NaN, `kernel ${kernel}`, at))];
    }),
  );
  const constants = first.constants.map((constant, i) =>
    unifyConstant(constant, second.constants[i] as RecordedConstant),
  );
  const writer = new ShapeWriter(shapes, inputs);
  const nodes = first.nodes.map((node, i) => writer.write(unifyNode(node, second.nodes[i] as Node)));
  const outputs = first.outputs.map(({ name, shape, type }, i): Port => {
    const other = second.outputs[i] as Recording['outputs'][number];
    return { name, type, shape: shape.map((size, k) => dimension(size, other.shape[k] as number, `output ${name}`)) };
  });
  const named = first.outputs.map(
    ({ name, value }): Node => ({ op: 'Identity', inputs: [value], outputs: [name], attributes: {}, kernel: 'output' }),
  );
  return {
    inputs: inputs.map(({ name, type, shape }) => ({
      name,
      type,
      shape: shape.map((size) => (typeof size === 'number' ? size : multipleOf(size, 1))),
    })),
    outputs,
    initializers: [
      ...weights.map((weight) => ({ ...weight, type: 'float32' as const })),
      ...constants,
      ...writer.initializers,
    ],
    nodes: [...writer.prologue, ...nodes, ...named],
    values: nodes.flatMap(({ op, outputs: [name = ''] }) =>
      op === 'Reshape' ? toldShape(name, first.tensors.get(name), second.tensors.get(name)) : [],
    ),
  };
}

/** Returns the shape of a reshaped value: ONNX infers an open dimension of it, and does not know that it is the batch. */
function toldShape(name: string, tensor?: tf.TensorInfo, other?: tf.TensorInfo): Port[] {
  if (tensor?.dtype !== 'float32' || other === undefined) return [];
  const shape = tensor.shape.map((size, i) => dimension(size, other.shape[i] as number, `value ${name}`));
  return shape.every((size) => typeof size === 'number') ? [] : [{ name, type: 'float32', shape }];
}

function unifyNode(node: Node, other: Node): Node {
  const isSame =
    node.op === other.op &&
    node.inputs.join() === other.inputs.join() &&
    JSON.stringify(node.attributes) === JSON.stringify(other.attributes);
  if (!isSame)
    throw new UntraceableError(
      `kernel ${node.kernel} depends on the batch size: ${node.op} becomes ${other.op} or has other attributes`,
    );
  return node;
}

function unifyConstant(constant: RecordedConstant, other: RecordedConstant): Initializer {
  if (!isSameConstant(constant, other)) {
    const [got, then] = [constant, other].map(({ values, shape }) =>
      shape.length === 0 ? String(values[0]) : `shape [${shape.join(', ')}]`,
    );
    throw new UntraceableError(
      `kernel ${constant.kernel} has a constant that depends on the batch size: ${got} at ${SIZES[0].batch} rows, ${then} at ${SIZES[1].batch}`,
      { at: constant.at },
    );
  }
  return { name: constant.name, type: constant.type, shape: constant.shape, values: constant.values };
}

function dimension(first: number, second: number, where: string, at?: Error): Dimension {
  if (first === second) return first;
  for (const size of OPEN_SIZES) {
    const times = first / SIZES[0][size];
    if (Number.isInteger(times) && second === times * SIZES[1][size]) return multipleOf(size, times);
  }
  throw new UntraceableError(
    `${where} has a dimension that is no multiple of the batch: ${first} at ${SIZES[0].batch} rows, ${second} at ${SIZES[1].batch}`,
    { ...(at && { at }) },
  );
}

function isSameConstant(a: Initializer, b: Initializer): boolean {
  return (
    tf.util.arraysEqual([...a.shape], [...b.shape]) &&
    a.values.length === b.values.length &&
    a.values.every((value: number | bigint, i: number) => Object.is(value, b.values[i]))
  );
}

function multipleOf(size: OpenSize, times: number): Dimension {
  return size === 'batch' ? { batch: times } : { distinct: times };
}

/**
 * Writes the lists of dimensions that nodes need: as constants, with -1 where ONNX infers a dimension, else computed
 * from the open sizes.
 */
class ShapeWriter {
  readonly initializers: Initializer[] = [];
  /** Nodes that compute the open sizes and the lists that depend on them; they come before all others. */
  readonly prologue: Node[] = [];
  readonly #written = new Map<string, string>();
  readonly #shapes: ReadonlyMap<string, readonly Dimension[]>;
  readonly #inputs: readonly TracedInput[];

  constructor(shapes: ReadonlyMap<string, readonly Dimension[]>, inputs: readonly TracedInput[]) {
    this.#shapes = shapes;
    this.#inputs = inputs;
  }

  /** Returns the node with its lists of dimensions replaced by the names under which they are written. */
  write(node: Node): Node {
    const inputs = node.inputs.map((input) => {
      const shape = this.#shapes.get(input);
      return shape === undefined ? input : this.#nameOf(shape, node.op);
    });
    return { ...node, inputs };
  }

  #nameOf(shape: readonly Dimension[], op: string): string {
    const open = shape.filter((size) => typeof size !== 'number').length;
    const fixed = open === 1 && op === 'Reshape' ? shape.map((size) => (typeof size === 'number' ? size : -1)) : shape;
    const key = JSON.stringify(fixed);
    const name = this.#written.get(key) ?? this.#add(fixed);
    this.#written.set(key, name);
    return name;
  }

  #add(shape: readonly Dimension[]): string {
    const name = this.#free(`shape_${this.#written.size}`);
    if (shape.every((size) => typeof size === 'number')) {
      this.#constant(name, shape);
      return name;
    }
    const parts = shape.map((size, i) => this.#dimension(size, this.#free(`${name}_${i}`)));
    this.prologue.push({ ...computed('Concat', parts, name), attributes: { axis: 0 } });
    return name;
  }

  /** Returns the name of the value, int64 [1], that holds a dimension: `name`, unless it is an open size itself. */
  #dimension(dimension: Dimension, name: string): string {
    const open = openSize(dimension);
    if (open === null) {
      this.#constant(name, [dimension as number]);
      return name;
    }
    const size = this.#sizeOf(open.of);
    if (open.times === 1) return size;
    const times = this.#free(`${name}_times`);
    this.#constant(times, [open.times]);
    this.prologue.push(computed('Mul', [size, times], name));
    return name;
  }

  #sizeOf(size: OpenSize): string {
    const name = this.#free(sizeName(size));
    if (this.prologue.some(({ outputs }) => outputs.includes(name))) return name;
    const input = this.#inputs.find(({ shape }) => shape[0] === size);
    if (input === undefined)
      throw new UntraceableError(
        size === 'batch'
          ? 'no input has the batch as its first dimension'
          : 'no input has the distinct rows as its first dimension',
      );
    this.prologue.push({ ...computed('Shape', [input.name], name), attributes: { start: 0, end: 1 } });
    return name;
  }

  /** Returns the name, or another one where an input has it: the inputs of a model have the names of its features. */
  #free(name: string): string {
    return this.#inputs.some((input) => input.name === name) ? `.${name}` : name;
  }

  #constant(name: string, values: readonly number[]): void {
    this.initializers.push({ name, type: 'int64', shape: [values.length], values: BigInt64Array.from(values, BigInt) });
  }
}

function computed(op: string, inputs: readonly string[], output: string): Node {
  return { op, inputs, outputs: [output], attributes: {}, kernel: 'open size' };
}
