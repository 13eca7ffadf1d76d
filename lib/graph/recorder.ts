/**
 * A TF.js backend that computes nothing: each kernel appends the ONNX nodes that would compute it. Run a function
 * under it and its graph is written down; run TF.js's automatic differentiation under it and so is the backward pass.
 *
 * The recorder knows neither any model nor any operator: the rules are in `kernels.ts`.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, ElementType, Initializer, Node, Values } from './graph.ts';

/** Thrown where a function cannot become a graph, with the kernel's name. */
export class UntraceableError extends Error {
  override readonly name = 'UntraceableError';
}

/** A constant at one batch size. */
export interface RecordedConstant extends Initializer {
  readonly kernel: string;
}

/** A list of dimensions that a node needs, at one batch size. */
export interface RecordedShape {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly kernel: string;
}

/** What one run of a function wrote down. */
export interface Recorded {
  readonly nodes: readonly Node[];
  readonly constants: readonly RecordedConstant[];
  readonly shapes: readonly RecordedShape[];
}

interface Value {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  name?: string;
  /** Of a constant of the traced function, until a node asks for its name. */
  readonly values?: Values;
}

type DataId = object;

export interface Emitted {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export class Recorder extends tf.KernelBackend {
  /** The kernel that is being recorded. */
  kernel = '';
  isRecording = false;
  #nodes: Node[] = [];
  #constants: RecordedConstant[] = [];
  #shapes: RecordedShape[] = [];
  #values = new Map<DataId, Value>();
  #count = 0;

  /** Starts an empty recording. Tensors of an earlier one are refused. */
  begin(): void {
    this.isRecording = true;
    this.kernel = '';
    this.#nodes = [];
    this.#constants = [];
    this.#shapes = [];
    this.#values = new Map();
    this.#count = 0;
  }

  /** What was recorded since `begin`. */
  end(): Recorded {
    this.isRecording = false;
    return { nodes: this.#nodes, constants: this.#constants, shapes: this.#shapes };
  }

  /** A tensor that stands for a graph input or weight. */
  placeholder(name: string, shape: readonly number[], dtype: tf.DataType): tf.Tensor {
    const dataId = this.#remember({ name, shape, dtype });
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype });
  }

  /** Appends a node of one output. */
  emit(op: string, inputs: readonly string[], { shape, dtype, attributes = {} }: Emitted): tf.TensorInfo {
    const [output] = this.emitMany(op, inputs, [{ shape, dtype }], attributes);
    return output as tf.TensorInfo;
  }

  /** Appends a node of several outputs. */
  emitMany(
    op: string,
    inputs: readonly string[],
    results: readonly Emitted[],
    attributes: Readonly<Record<string, Attribute>>,
  ): tf.TensorInfo[] {
    const outputs = results.map(() => this.#nextName('t'));
    this.#nodes.push({ op, inputs, outputs, attributes, kernel: this.kernel });
    return results.map(({ shape, dtype }, i) => {
      const dataId = this.#remember({ name: outputs[i] as string, shape, dtype });
      return { dataId, shape: [...shape], dtype };
    });
  }

  /** The same value under another shape or type, without a node. */
  alias(of: tf.TensorInfo): tf.TensorInfo {
    return { dataId: of.dataId, shape: of.shape, dtype: of.dtype };
  }

  /** Name of a tensor's value in the graph. A constant of equal elements is written as one, expanded. */
  nameOf(tensor: tf.TensorInfo): string {
    const value = this.#valueOf(tensor.dataId);
    value.name ??= this.#writeConstant(value);
    return value.name;
  }

  /** Name of a constant's only value where all its elements are equal: for operators that broadcast. */
  uniformNameOf(tensor: tf.TensorInfo): string | null {
    const { values, dtype } = this.#valueOf(tensor.dataId);
    return values !== undefined && isUniform(values) ? this.constant([Number(values[0])], [], dtype) : null;
  }

  /** Name of a new constant. */
  constant(values: readonly number[], shape: readonly number[], dtype: tf.DataType): string {
    return this.#pushConstant({ type: elementType(dtype), shape, values: typedValues(values, dtype) });
  }

  /** Name of a new int64 list of dimensions, whose entries may depend on the batch size. */
  dimensions(values: readonly number[]): string {
    const name = this.#nextName('s');
    this.#shapes.push({ name, sizes: values, kernel: this.kernel });
    return name;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    const size = shape.reduce((a, b) => a * b, 1);
    const given = (values ?? new Array(size).fill(0)) as ArrayLike<number>;
    return this.#remember({ shape, dtype, values: typedValues(given, dtype) });
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

  #writeConstant({ values, shape, dtype }: Value): string {
    if (values === undefined) throw new UntraceableError('a tensor without a value');
    if (!isUniform(values) || values.length === 1) {
      return this.#pushConstant({ type: elementType(dtype), shape, values });
    }
    const one = this.constant([Number(values[0])], [], dtype);
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

  #nextName(prefix: string): string {
    return `${prefix}${this.#count++}`;
  }
}

/** The ONNX type of a TF.js type. */
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
