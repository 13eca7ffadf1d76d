/**
 * A TF.js backend that computes nothing: each kernel appends the ONNX nodes that would compute it. Running a function
 * on it records the function's graph; running TF.js's automatic differentiation on it also records the backward pass.
 *
 * The recorder depends on no model and no operator: the rules are in `kernels/`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Attribute, type ElementType, type Initializer, type Node, ONNX_TYPES, type Values } from './graph.ts';

/**
 * Thrown when a function cannot be traced to a graph; the message names the kernel at fault, where there is one. The
 * stack is that of the call in the traced function.
 */
export class UntraceableError extends Error {
  override readonly name = 'UntraceableError';

  /** `at` is an error that was made where the fault is, if it is found later. */
  constructor(message: string, { at, ...options }: ErrorOptions & { readonly at?: Error } = {}) {
    super(message, options);
    if (at?.stack !== undefined) this.stack = at.stack.replace(/^.*\n/, `${this.name}: ${message}\n`);
  }
}

/** A constant as it was recorded at one batch size. */
export interface RecordedConstant extends Initializer {
  readonly kernel: string;
  /** Made where the traced function makes the constant. */
  readonly at: Error;
}

/** A list of dimensions that is an input of a node, as it was recorded at one batch size. */
export interface RecordedShape {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly kernel: string;
  /** Made where the traced function calls the kernel. */
  readonly at: Error;
}

/** Everything that one run of a function recorded. */
export interface Recorded {
  readonly nodes: readonly Node[];
  readonly constants: readonly RecordedConstant[];
  readonly shapes: readonly RecordedShape[];
  /** The outputs of the nodes, by name. */
  readonly tensors: ReadonlyMap<string, tf.TensorInfo>;
}

interface Value {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** Name in the graph; a constant of the traced function has none until a node uses it. */
  name?: string;
  /** Whether the value in the graph is int64; TF.js has no such type, and takes it for int32. */
  readonly isInt64?: boolean;
  /** Name of the int32 copy of an int64 value, once a node needs one. */
  int32?: string;
  /** Elements of a constant of the traced function. */
  readonly values?: Values;
  /** Made where the traced function makes the constant. */
  readonly at?: Error;
}

type DataId = object;

/** The output of a node that is appended, and the attributes of the node. */
export interface Emitted {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** Whether the output is int64 in the graph, which is int32 in TF.js. @default false */
  readonly isInt64?: boolean;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** The backend. It holds one recording at a time: everything that is run between `begin` and `end`. */
export class Recorder extends tf.KernelBackend {
  /** Name of the kernel that is being recorded. */
  kernel = '';
  isRecording = false;
  #nodes: Node[] = [];
  #constants: RecordedConstant[] = [];
  #shapes: RecordedShape[] = [];
  #values = new Map<DataId, Value>();
  #tensors = new Map<string, tf.TensorInfo>();
  /** Names of the inputs and weights. */
  #given = new Set<string>();
  #count = 0;

  /** Starts an empty recording. Tensors of earlier recordings cannot be used in it. */
  begin(): void {
    this.isRecording = true;
    this.kernel = '';
    this.#nodes = [];
    this.#constants = [];
    this.#shapes = [];
    this.#values = new Map();
    this.#tensors = new Map();
    this.#given = new Set();
    this.#count = 0;
  }

  /** Ends the recording and returns what was recorded since `begin`. */
  end(): Recorded {
    this.isRecording = false;
    return { nodes: this.#nodes, constants: this.#constants, shapes: this.#shapes, tensors: this.#tensors };
  }

  /** Returns a tensor that stands for an input or a weight of the graph. */
  placeholder(name: string, shape: readonly number[], type: ElementType): tf.Tensor {
    this.#given.add(name);
    const isInt64 = type === 'int64';
    const dtype = isInt64 ? 'int32' : type;
    const dataId = this.#remember({ name, shape, dtype, isInt64 });
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype });
  }

  /** Appends a node with one output, and returns the output. */
  emit(op: string, inputs: readonly string[], { attributes = {}, ...result }: Emitted): tf.TensorInfo {
    const [output] = this.emitMany(op, inputs, [result], attributes);
    return output as tf.TensorInfo;
  }

  /** Appends a node with several outputs, and returns the outputs. */
  emitMany(
    op: string,
    inputs: readonly string[],
    results: readonly Emitted[],
    attributes: Readonly<Record<string, Attribute>>,
  ): tf.TensorInfo[] {
    const outputs = results.map(() => this.#nextName('t'));
    this.#nodes.push({ op, inputs, outputs, attributes, kernel: this.kernel });
    return results.map(({ shape, dtype, isInt64 = false }, i) => {
      const name = outputs[i] as string;
      const tensor = { dataId: this.#remember({ name, shape, dtype, isInt64 }), shape: [...shape], dtype };
      this.#tensors.set(name, tensor);
      return tensor;
    });
  }

  /** Returns the output of a node by its name; `undefined` if no node makes the value. */
  tensorOf(name: string): tf.TensorInfo | undefined {
    return this.#tensors.get(name);
  }

  /** Returns the node that makes a value, if one does. */
  nodeOf(name: string): Node | undefined {
    return this.#nodes.find(({ outputs }) => outputs.includes(name));
  }

  /** Returns the name of the output of the node that was appended for an operator on this one input, if there is one. */
  outputOf(op: string, input: string): string | undefined {
    return this.#nodes.find((node) => node.op === op && node.inputs.length === 1 && node.inputs[0] === input)
      ?.outputs[0];
  }

  /** Returns another tensor of the same value, without appending a node. */
  alias(of: tf.TensorInfo): tf.TensorInfo {
    return { dataId: of.dataId, shape: of.shape, dtype: of.dtype };
  }

  /**
   * Returns the name of a tensor's value in the graph. A constant of the traced function is added to the graph when it
   * is first named; where all its elements are equal, it is stored as a scalar and expanded. An int64 value is cast.
   */
  nameOf(tensor: tf.TensorInfo): string {
    const value = this.#valueOf(tensor.dataId);
    if (!value.isInt64) return this.rawNameOf(tensor);
    value.int32 ??= this.nameOf(
      this.emit('Cast', [this.rawNameOf(tensor)], { ...value, isInt64: false, attributes: { to: ONNX_TYPES.int32 } }),
    );
    return value.int32;
  }

  /** Returns the name of a tensor's value, for operators that take int64 as well as int32; see `isInt64`. */
  rawNameOf(tensor: tf.TensorInfo): string {
    const value = this.#valueOf(tensor.dataId);
    value.name ??= this.#writeConstant(value);
    return value.name;
  }

  /** Returns whether a tensor's value is int64 in the graph. */
  isInt64(tensor: tf.TensorInfo): boolean {
    return this.#valueOf(tensor.dataId).isInt64 === true;
  }

  /** Returns the elements of a constant that is in the graph; `undefined` if the name is that of another value. */
  constantOf(name: string): Values | undefined {
    return this.#constants.find((constant) => constant.name === name)?.values;
  }

  /** Returns the elements of a constant of the traced function; `undefined` if a node or an input makes the tensor. */
  valuesOf(tensor: tf.TensorInfo): Values | undefined {
    return this.#valueOf(tensor.dataId).values;
  }

  /**
   * Returns the name of a scalar that equals every element of a constant, for operators that broadcast; `null` where
   * the elements differ or the tensor is not a constant.
   */
  uniformNameOf(tensor: tf.TensorInfo): string | null {
    const { values, dtype, at } = this.#valueOf(tensor.dataId);
    return values !== undefined && isUniform(values) ? this.constant([Number(values[0])], [], dtype, at) : null;
  }

  /** Adds a constant and returns its name. */
  constant(values: readonly number[], shape: readonly number[], dtype: tf.DataType, at = here()): string {
    return this.#pushConstant({ type: elementType(dtype), shape, values: typedValues(values, dtype), at });
  }

  /** Adds a list of dimensions, as int64, and returns its name. The dimensions may depend on the batch size. */
  dimensions(values: readonly number[]): string {
    const name = this.#nextName('s');
    this.#shapes.push({ name, sizes: values, kernel: this.kernel, at: here() });
    return name;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    const size = shape.reduce((a, b) => a * b, 1);
    const given = (values ?? new Array(size).fill(0)) as ArrayLike<number>;
    return this.#remember({ shape, dtype, values: typedValues(given, dtype), at: here() });
  }

  override readSync(dataId: DataId): tf.BackendValues {
    const { values } = this.#valueOf(dataId);
    if (values === undefined) {
      throw new UntraceableError(
        `a value is read while tracing (after kernel ${this.kernel || 'none'}): the graph may not depend on values`,
      );
    }
    return values as tf.BackendValues;
  }

  override async read(dataId: DataId): Promise<tf.BackendValues> {
    return this.readSync(dataId);
  }

  override numDataIds(): number {
    return this.#values.size;
  }

  override disposeData(): boolean {
    return true;
  }

  override incRef(): void {}

  override refCount(): number {
    return 1;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  #writeConstant({ values, shape, dtype, at = here() }: Value): string {
    if (values === undefined) throw new UntraceableError('a tensor without a value');
    if (!isUniform(values) || values.length === 1) {
      return this.#pushConstant({ type: elementType(dtype), shape, values, at });
    }
    const one = this.constant([Number(values[0])], [], dtype, at);
    const output = this.#nextName('t');
    this.#nodes.push({
      op: 'Expand',
      inputs: [one, this.dimensions(shape)],
      outputs: [output],
      attributes: {},
      kernel: this.kernel,
    });
    return output;
  }

  #pushConstant(constant: Omit<RecordedConstant, 'name' | 'kernel'>): string {
    const name = this.#nextName('c');
    this.#constants.push({ ...constant, name, kernel: this.kernel });
    return name;
  }

  #remember(value: Value): DataId {
    const dataId = {};
    this.#values.set(dataId, value);
    return dataId;
  }

  #valueOf(dataId: DataId): Value {
    const value = this.#values.get(dataId);
    if (value === undefined) throw new UntraceableError('a tensor made outside the traced function');
    return value;
  }

  /** Returns a name that neither a value nor an input has, which may be called `t0` as well. */
  #nextName(prefix: string): string {
    let name: string;
    do name = `${prefix}${this.#count++}`;
    while (this.#given.has(name));
    return name;
  }
}

/**
 * Returns the element type for a TF.js type.
 * @throws {UntraceableError} for types that have none, such as strings.
 */
export function elementType(dtype: tf.DataType): ElementType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new UntraceableError(`no ONNX type for TF.js type ${dtype}`);
}

function typedValues(values: ArrayLike<number>, dtype: tf.DataType): Values {
  switch (elementType(dtype)) {
    case 'float32':
      return Float32Array.from(values);
    case 'bool':
      return Uint8Array.from(values, Number);
    default:
      return Int32Array.from(values);
  }
}

function isUniform(values: Values): boolean {
  return values.length > 0 && values.every((value: number | bigint) => Object.is(value, values[0]));
}

/** Returns an error whose stack is that of the call in the traced function. */
function here(): Error {
  return new Error('here');
}
