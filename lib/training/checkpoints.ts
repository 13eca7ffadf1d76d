/**
 * Checkpoints, from which an interrupted training continues: the engine's state, the position in the data and the best
 * weights so far, in the store. With the same rows, number of threads and kind of processor, the trained model has the
 * same bytes as without the interruption.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TrainingEngine, Weights } from '../engine/engine.ts';
import { checkpointsPrefix } from '../registry/keys.ts';
import { recordText } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import {
  CHECKPOINT_FORMAT,
  type CheckpointRecord,
  type Resumption,
  readCheckpoint,
  type TrainingIdentity,
} from './checkpoint-record.ts';
import type { FitState, StateKeeper } from './fit.ts';

const KEPT = 2;
const PIECE_BYTES = 1 << 26;
const RECORD_FILE = 'checkpoint.json';
const STATE_FILE = 'state.bin';

/** The training that checkpoints are kept of, and where and how often. */
export interface CheckpointOptions {
  readonly store: Store;
  readonly name: string;
  readonly identity: TrainingIdentity;
  /** Epoch of the lease. It orders the checkpoints: those of a later holder come after those of an earlier one. */
  readonly epoch: number;
  readonly everyMs: number;
  readonly threads: number;
  /** An existing folder with room for one checkpoint. */
  readonly scratch: string;
  /** Called for every checkpoint that is written, continued from, or found unusable, with the reason. */
  readonly onEvent: (event: CheckpointEvent) => void;
}

/** A checkpoint was written, was continued from, or could not be used. */
export type CheckpointEvent =
  | { readonly kind: 'written'; readonly step: number; readonly bytes: number; readonly seconds: number }
  | { readonly kind: 'resumed'; readonly step: number; readonly epoch: number }
  | { readonly kind: 'useless'; readonly key: string; readonly why: string };

/** The checkpoints of one run. */
export class Checkpoints implements StateKeeper {
  readonly #options: CheckpointOptions;
  readonly #cpuModel = cpus()[0]?.model ?? 'unknown';
  #resumed: readonly Resumption[] = [];
  #savedAt = performance.now();
  #number = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  get resumed(): readonly Resumption[] {
    return this.#resumed;
  }

  isDue(): boolean {
    return performance.now() - this.#savedAt >= this.#options.everyMs;
  }

  /** Writes a checkpoint, and then removes all but the last two. */
  async save(engine: TrainingEngine, state: FitState): Promise<void> {
    const started = performance.now();
    const { store, name, epoch, identity, threads, scratch, onEvent } = this.#options;
    const { step, arrays } = engine.state();
    const all = [...arrays, ...weightArrays(state.best.weights)];
    const path = join(scratch, STATE_FILE);
    const sha256 = await writeArrays(path, all);
    this.#number += 1;
    const folder = `${checkpointsPrefix(name)}${digits(epoch)}-${digits(this.#number)}/`;
    const { best, ...fit } = state;
    const record: CheckpointRecord = {
      format: CHECKPOINT_FORMAT,
      identity,
      step,
      resumed: this.#resumed,
      cpuModel: this.#cpuModel,
      threads,
      sha256,
      arrays: all.map(([array, { byteLength }]) => ({ name: array, bytes: byteLength })),
      fit,
      best: { epoch: best.epoch, loss: Number.isFinite(best.loss) ? best.loss : null },
    };
    await store.putFile(`${folder}${STATE_FILE}`, path);
    await store.put(`${folder}${RECORD_FILE}`, recordText(record));
    await rm(path);
    await removeFolders(store, (await foldersOf(store, name)).slice(0, -KEPT));
    this.#savedAt = performance.now();
    const bytes = all.reduce((sum, [, array]) => sum + array.byteLength, 0);
    onEvent({ kind: 'written', step, bytes, seconds: (this.#savedAt - started) / 1000 });
  }

  /** Restores the engine from the latest usable checkpoint and returns the position of training; `null` without one. */
  async restore(engine: TrainingEngine): Promise<FitState | null> {
    const { store, name } = this.#options;
    for (const folder of (await foldersOf(store, name)).reverse()) {
      const state = await this.#restoreFrom(folder, engine);
      if (state !== null) return state;
    }
    return null;
  }

  async #restoreFrom(folder: string, engine: TrainingEngine): Promise<FitState | null> {
    const { store, identity, threads, scratch, onEvent } = this.#options;
    const key = `${folder}${RECORD_FILE}`;
    const useless = (why: string): null => {
      onEvent({ kind: 'useless', key, why });
      return null;
    };
    const found = await readCheckpoint(store, key);
    if ('why' in found) return useless(found.why);
    const { record } = found;
    const differing = differences(record.identity, identity);
    if (differing.length > 0) return useless(`it is of another ${differing.join(', of another ')}`);
    const expected = [...engine.state().arrays, ...weightArrays(engine.weights())];
    const shape = expected.map(([name, { byteLength }]) => ({ name, bytes: byteLength }));
    if (!isDeepStrictEqual(shape, record.arrays)) return useless('it is of a model of another shape');
    const path = await store.toFile(`${folder}${STATE_FILE}`, scratch);
    const file = await open(path, 'r');
    try {
      if ((await digestOf(file)) !== record.sha256) return useless('its state is not what was written');
      const engineArrays = new Map(offsetsOf(record.arrays));
      await engine.restore(record.step, (name, into) => readInto(file, into, engineArrays.get(name) as number));
      const weights = engine.weights();
      for (const [name, into] of weightArrays(weights)) await readInto(file, into, engineArrays.get(name) as number);
      this.#resumed = [...record.resumed, { step: record.step, cpuModel: this.#cpuModel, threads }];
      onEvent({ kind: 'resumed', step: record.step, epoch: record.fit.epoch });
      const { epoch, loss } = record.best;
      return { ...record.fit, best: { epoch, loss: loss ?? Number.POSITIVE_INFINITY, weights } };
    } finally {
      await file.close();
      if (!store.hasFiles) await rm(path);
    }
  }
}

/** Removes all checkpoints of a model: its training is over. */
export async function clearCheckpoints(store: Store, name: string): Promise<void> {
  await removeFolders(store, await foldersOf(store, name));
}

/** Returns the folders of a model's checkpoints, in the order in which they were written. */
async function foldersOf(store: Store, name: string): Promise<string[]> {
  const folders: string[] = [];
  for await (const folder of store.listFolders(checkpointsPrefix(name))) folders.push(folder);
  return folders;
}

async function removeFolders(store: Store, folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    // First the record, without which the state does not count.
    await store.delete(`${folder}${RECORD_FILE}`);
    await store.delete(`${folder}${STATE_FILE}`);
  }
}

const NAMES: Readonly<Record<keyof TrainingIdentity, string>> = {
  declarationSha256: 'declaration',
  dataSha256: 'data window',
  warmStart: 'version to begin with',
  seed: 'seed',
};

function differences(got: TrainingIdentity, expected: TrainingIdentity): string[] {
  return (Object.keys(NAMES) as (keyof TrainingIdentity)[])
    .filter((part) => got[part] !== expected[part])
    .map((part) => NAMES[part]);
}

type NamedArray = readonly [name: string, bytes: Uint8Array];

function weightArrays({ parameters, tables }: Weights): NamedArray[] {
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
  const named = (kind: string, arrays: Readonly<Record<string, Float32Array>>) =>
    Object.entries(arrays).map(([name, values]): NamedArray => [`best/${kind}/${name}`, bytesOf(values)]);
  return [...named('parameter', parameters), ...named('table', tables)];
}

function offsetsOf(arrays: CheckpointRecord['arrays']): (readonly [string, number])[] {
  let next = 0;
  return arrays.map(({ name, bytes }) => {
    const offset = next;
    next += bytes;
    return [name, offset] as const;
  });
}

async function writeArrays(path: string, arrays: readonly NamedArray[]): Promise<string> {
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

function digits(value: number): string {
  return String(value).padStart(8, '0');
}
