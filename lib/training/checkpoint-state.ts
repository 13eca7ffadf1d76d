/** The file of a checkpoint that has its arrays: those of the engine, and weights. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Weights } from '../engine/engine.ts';
import { namedBytes } from '../numbers/bytes.ts';
import type { CheckpointRecord } from './checkpoint-record.ts';

const PIECE_BYTES = 1 << 26;

/** An array of a checkpoint, as bytes. */
export type NamedArray = readonly [name: string, bytes: Uint8Array];

/** Returns the arrays of weights, as views of them. */
export function weightArrays(prefix: string, { parameters, tables }: Weights): NamedArray[] {
  const named = (kind: string, arrays: Readonly<Record<string, Float32Array>>) =>
    Object.entries(arrays).flatMap(([name, values]) => namedBytes(`${prefix}/${kind}/${name}`, values));
  return [...named('parameter', parameters), ...named('table', tables)];
}

/** Writes arrays to a file, one after the other, and returns its SHA-256, hex. */
export async function writeArrays(path: string, arrays: readonly NamedArray[]): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  try {
    for (const [, bytes] of arrays)
      for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
        const piece = bytes.subarray(start, start + PIECE_BYTES);
        hash.update(piece);
        await file.writeFile(piece);
      }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** Thrown if the file of a checkpoint is not the one that was written. */
export class ChangedStateError extends Error {
  override readonly name = 'ChangedStateError';
  constructor() {
    super('its state is not what was written');
  }
}

/** Copies the stored array of a name. */
export type Fill = (name: string, into: Uint8Array) => Promise<void>;

/**
 * Calls `use` with the function that reads the arrays of a checkpoint's file.
 * @throws {ChangedStateError}
 */
export async function withArrays<T>(
  path: string,
  { sha256, arrays }: Pick<CheckpointRecord, 'sha256' | 'arrays'>,
  use: (fill: Fill) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'r');
  try {
    if ((await digestOf(file)) !== sha256) throw new ChangedStateError();
    const offsets = new Map(offsetsOf(arrays));
    return await use((name, into) => readInto(file, into, offsets.get(name) as number));
  } finally {
    await file.close();
  }
}

function offsetsOf(arrays: CheckpointRecord['arrays']): (readonly [string, number])[] {
  let next = 0;
  return arrays.map(({ name, bytes }) => {
    const offset = next;
    next += bytes;
    return [name, offset] as const;
  });
}

async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of file.createReadStream({ autoClose: false, start: 0 })) hash.update(piece as Uint8Array);
  return hash.digest('hex');
}

async function readInto(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let start = 0; start < into.length; start += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, into.length - start);
    const { bytesRead } = await file.read(into, start, length, position + start);
    if (bytesRead !== length) throw new Error(`checkpoint is cut short: got ${bytesRead} of ${length} bytes`);
  }
}
