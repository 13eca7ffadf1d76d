/** Reads an ONNX file without the values of its large tensors. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WireType } from '@bufbuild/protobuf/wire';
import {
  FIELDS,
  type OnnxModel,
  type OnnxNode,
  type OnnxPort,
  type OnnxTensor,
  readNode,
  readPort,
  readTensor,
} from './onnx-model.ts';

/** Values of at most so many bytes are read with their tensor; onnxruntime infers shapes from some of them. */
const SMALL_BYTES = 1024;
/** Bytes that are read at once. */
const WINDOW_BYTES = 16_384;

/**
 * Reads an ONNX file.
 * @throws {Error} where the file cannot be read or is no protobuf message.
 */
export function readOnnx(path: string): OnnxModel {
  const file = new FileBytes(path);
  try {
    return readModel(file, basename(path));
  } finally {
    file.close();
  }
}

/**
 * Returns the elements of a float32 tensor, in row-major order; those in files are read from the folder of the model.
 * @throws {RangeError} if its values are in another form than bytes.
 */
export function readFloats(tensor: OnnxTensor, folder: string): Float32Array {
  const bytes = new Uint8Array(tensor.dims.reduce((product, dim) => product * dim, 4));
  copyFloats(tensor, folder, bytes);
  return new Float32Array(bytes.buffer);
}

/**
 * Copies the elements of a float32 tensor, as `readFloats` returns them, to a place for as many bytes.
 * @throws {RangeError} as `readFloats`, or if the values are not as many.
 */
export function copyFloats({ name, values, isFloat }: OnnxTensor, folder: string, into: Uint8Array): void {
  if (values === null || !isFloat) throw new RangeError(`tensor ${name} has no float32 values as bytes`);
  if (values.length !== into.length)
    throw new RangeError(`tensor ${name} has ${values.length} bytes, expected ${into.length}`);
  if (values instanceof Uint8Array) {
    into.set(values);
    return;
  }
  const file = new FileBytes(join(folder, values.file));
  try {
    file.copy(values.offset, into);
  } finally {
    file.close();
  }
}

function readModel(file: FileBytes, name: string): OnnxModel {
  const header: Uint8Array[] = [];
  const nodes: OnnxNode[] = [];
  const tensors = new Map<string, OnnxTensor>();
  const [inputs, outputs, values]: [OnnxPort[], OnnxPort[], OnnxPort[]] = [[], [], []];
  for (const field of fieldsOf(file, 0, file.size)) {
    if (field.number !== FIELDS.model.graph) {
      header.push(file.bytes(field.tagAt, field.to));
      continue;
    }
    for (const { number, from, to } of fieldsOf(file, field.from, field.to)) {
      if (number === FIELDS.graph.node) nodes.push(readNode(file.bytes(from, to)));
      else if (number === FIELDS.graph.input) inputs.push(readPort(file.bytes(from, to)));
      else if (number === FIELDS.graph.output) outputs.push(readPort(file.bytes(from, to)));
      else if (number === FIELDS.graph.value) values.push(readPort(file.bytes(from, to)));
      else if (number === FIELDS.graph.initializer) {
        const tensor = tensorAt(file, name, from, to);
        tensors.set(tensor.name, tensor);
      }
    }
  }
  return { header: Buffer.concat(header), nodes, tensors, inputs, outputs, values };
}

function tensorAt(file: FileBytes, name: string, from: number, to: number): OnnxTensor {
  if (to - from <= SMALL_BYTES) return readTensor(file.bytes(from, to), null);
  const fields = [...fieldsOf(file, from, to)];
  const values = fields.find(({ number }) => number === FIELDS.tensor.values);
  if (values === undefined) return readTensor(file.bytes(from, to), null);
  const others = fields.filter((field) => field !== values).map((field) => file.bytes(field.tagAt, field.to));
  return readTensor(Buffer.concat(others), { file: name, offset: values.from, length: values.to - values.from });
}

/** A field of a message, as offsets in the file. */
interface FieldRange {
  readonly number: number;
  readonly tagAt: number;
  /** Where its value begins; for a message, text or bytes after their length. */
  readonly from: number;
  readonly to: number;
}

/** Yields the fields of the message between two offsets. */
function* fieldsOf(file: FileBytes, from: number, to: number): Generator<FieldRange> {
  for (let at = from; at < to; ) {
    const tag = file.varint(at);
    const value = valueRange(file, tag.value & 7, tag.end);
    if (value.to > to) throw new Error(`${file.path} is no ONNX model: a field at ${at} ends after its message`);
    yield { number: tag.value >>> 3, tagAt: at, ...value };
    at = value.to;
  }
}

function valueRange(file: FileBytes, wireType: number, at: number): Pick<FieldRange, 'from' | 'to'> {
  switch (wireType) {
    case WireType.Varint:
      return { from: at, to: file.varint(at).end };
    case WireType.Bit64:
      return { from: at, to: at + 8 };
    case WireType.Bit32:
      return { from: at, to: at + 4 };
    case WireType.LengthDelimited: {
      const { value, end } = file.varint(at);
      return { from: end, to: end + value };
    }
    default:
      throw new Error(`${file.path} is no ONNX model: wire type ${wireType} at ${at}`);
  }
}

/** The bytes of a file, of which some thousands are read at once. */
class FileBytes {
  readonly path: string;
  readonly size: number;
  readonly #file: number;
  #window = new Uint8Array(0);
  #windowAt = 0;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'r');
    this.size = fstatSync(this.#file).size;
  }

  /** Returns a copy of the bytes between two offsets. */
  bytes(from: number, to: number): Uint8Array {
    const start = from - this.#windowAt;
    if (start >= 0 && to <= this.#windowAt + this.#window.length) return this.#window.slice(start, start + to - from);
    if (to - from > WINDOW_BYTES) return this.#read(from, to - from);
    this.#windowAt = from;
    this.#window = this.#read(from, Math.min(WINDOW_BYTES, this.size - from));
    return this.bytes(from, Math.min(to, this.size));
  }

  /** Reads an unsigned number. Those above 2^32 are read as approximations, which no length in a file has. */
  varint(at: number): { readonly value: number; readonly end: number } {
    const bytes = this.bytes(at, Math.min(at + 10, this.size));
    let value = 0;
    for (const [index, byte] of bytes.entries()) {
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return { value, end: at + index + 1 };
    }
    throw new Error(`${this.path} is no ONNX model: a number at ${at} does not end`);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Copies as many bytes as there is room for, from an offset on. */
  copy(from: number, into: Uint8Array): void {
    const read = readSync(this.#file, into, 0, into.length, from);
    if (read !== into.length)
      throw new Error(`${this.path} ends at ${from + read}, expected ${from + into.length} bytes`);
  }

  #read(from: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.copy(from, bytes);
    return bytes;
  }
}
