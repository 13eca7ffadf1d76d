/**
 * Checkpoints, from which an interrupted training continues: the engine's state, the position in the data and the best
 * weights so far, in the store. With the same rows, number of threads and kind of processor, the trained model has the
 * same bytes as without the interruption.
 */
import { rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { TrainingEngine } from '../engine/engine.ts';
import type { TrainedModelPart } from '../model/model.ts';
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
import {
  ChangedStateError,
  type Fill,
  type NamedArray,
  weightArrays,
  withArrays,
  writeArrays,
} from './checkpoint-state.ts';
import type { FitState, StateKeeper } from './fit.ts';
import type { FittedNetwork } from './networks/fitted-network.ts';
import { emptyWeights } from './weights/empty-weights.ts';

const KEPT = 2;
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
  | { readonly kind: 'resumed'; readonly step: number; readonly epoch: number; readonly network?: string }
  | { readonly kind: 'useless'; readonly key: string; readonly why: string };

/** The checkpoints of one run. */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #cpuModel = cpus()[0]?.model ?? 'unknown';
  #resumed: readonly Resumption[] = [];
  #savedAt = performance.now();
  #number = 0;
  /** The checkpoints that were found unusable, each of which is told once. */
  readonly #useless = new Set<string>();

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  get resumed(): readonly Resumption[] {
    return this.#resumed;
  }

  /** Returns what keeps the state of a network's training, beside the networks whose training has ended. */
  keeper(network: string | null, finished: readonly FittedNetwork[]): StateKeeper {
    return {
      isDue: () => performance.now() - this.#savedAt >= this.#options.everyMs,
      save: (engine, state) => this.#save(engine, state, { network, finished: [...finished] }),
    };
  }

  /** Writes a checkpoint, and then removes all but the last two. */
  async #save(engine: TrainingEngine, state: FitState, { network, finished }: Networks): Promise<void> {
    const started = performance.now();
    const { store, name, epoch, identity, threads, scratch, onEvent } = this.#options;
    const { step, arrays } = engine.state();
    const all = [
      ...arrays,
      ...weightArrays(BEST, state.best.weights),
      ...finished.flatMap(({ name, weights }) => weightArrays(finishedPrefix(name), weights)),
    ];
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
      network,
      finished: finished.map(({ weights: _, ...facts }) => facts),
      arrays: all.map(([array, { byteLength }]) => ({ name: array, bytes: byteLength })),
      fit,
      best: { epoch: best.epoch, blocks: best.blocks, loss: Number.isFinite(best.loss) ? best.loss : null },
    };
    await store.putFile(`${folder}${STATE_FILE}`, path);
    await store.put(`${folder}${RECORD_FILE}`, recordText(record));
    await rm(path);
    await removeFolders(store, (await foldersOf(store, name)).slice(0, -KEPT));
    this.#savedAt = performance.now();
    const bytes = all.reduce((sum, [, array]) => sum + array.byteLength, 0);
    onEvent({ kind: 'written', step, bytes, seconds: (this.#savedAt - started) / 1000 });
  }

  /**
   * Restores the engine from the latest usable checkpoint of a network's training, and returns the position of training;
   * `null` without one.
   */
  async restore(engine: TrainingEngine, network: string | null): Promise<FitState | null> {
    const { threads, onEvent } = this.#options;
    const weights = emptyWeights(engine.model);
    const best = weightArrays(BEST, weights);
    return this.#read(
      (record) => record.network === network,
      [...engine.state().arrays, ...best],
      async (record, fill) => {
        await engine.restore(record.step, fill);
        for (const [name, into] of best) await fill(name, into);
        this.#resumed = [...record.resumed, { step: record.step, cpuModel: this.#cpuModel, threads }];
        const { loss } = record.best;
        onEvent({ kind: 'resumed', step: record.step, epoch: record.fit.epoch, ...(network !== null && { network }) });
        return { ...record.fit, best: { ...record.best, loss: loss ?? Number.POSITIVE_INFINITY, weights } };
      },
    );
  }

  /** Returns a network whose training had ended at the latest usable checkpoint; `null` if it had not. */
  async finished({ name, model }: TrainedModelPart): Promise<FittedNetwork | null> {
    const factsOf = (record: CheckpointRecord) => record.finished.find((network) => network.name === name);
    const weights = emptyWeights(model);
    const arrays = weightArrays(finishedPrefix(name), weights);
    return this.#read(
      (record) => factsOf(record) !== undefined,
      arrays,
      async (record, fill) => {
        for (const [array, into] of arrays) await fill(array, into);
        return { ...(factsOf(record) as CheckpointRecord['finished'][number]), weights };
      },
    );
  }

  /** Reads the latest usable checkpoint of those that are wanted; `expected` are arrays that it must have. */
  async #read<T>(
    isWanted: (record: CheckpointRecord) => boolean,
    expected: readonly NamedArray[],
    use: (record: CheckpointRecord, fill: Fill) => Promise<T>,
  ): Promise<T | null> {
    const { store, name } = this.#options;
    for (const folder of (await foldersOf(store, name)).reverse()) {
      const key = `${folder}${RECORD_FILE}`;
      const found = await this.#usable(key);
      if ('why' in found) this.#tellUseless(key, found.why);
      else if (isWanted(found.record)) {
        const result = await this.#readState(folder, found.record, expected, use);
        if (!('why' in result)) return result.value;
        this.#tellUseless(key, result.why);
      }
    }
    return null;
  }

  async #usable(key: string): ReturnType<typeof readCheckpoint> {
    const found = await readCheckpoint(this.#options.store, key);
    if ('why' in found) return found;
    const differing = differences(found.record.identity, this.#options.identity);
    return differing.length === 0 ? found : { why: `it is of another ${differing.join(', of another ')}` };
  }

  async #readState<T>(
    folder: string,
    record: CheckpointRecord,
    expected: readonly NamedArray[],
    use: (record: CheckpointRecord, fill: Fill) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly why: string }> {
    const { store, scratch } = this.#options;
    const stored = new Map(record.arrays.map(({ name, bytes }) => [name, bytes]));
    if (!expected.every(([name, { byteLength }]) => stored.get(name) === byteLength))
      return { why: 'it is of a model of another shape' };
    const path = await store.toFile(`${folder}${STATE_FILE}`, scratch);
    try {
      return await withArrays(path, record, async (fill) => ({ value: await use(record, fill) }));
    } catch (error) {
      if (error instanceof ChangedStateError) return { why: error.message };
      throw error;
    } finally {
      if (!store.hasFiles) await rm(path);
    }
  }

  #tellUseless(key: string, why: string): void {
    if (this.#useless.has(key)) return;
    this.#useless.add(key);
    this.#options.onEvent({ kind: 'useless', key, why });
  }
}

/** The network that is trained, and those whose training has ended. */
interface Networks {
  readonly network: string | null;
  readonly finished: readonly FittedNetwork[];
}

const BEST = 'best';
const finishedPrefix = (network: string | null) => `finished/${network}`;

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
  modelFileSha256: 'model file',
  dataSha256: 'data window',
  warmStart: 'version to begin with',
  seed: 'seed',
  engine: 'training engine',
};

function differences(got: TrainingIdentity, expected: TrainingIdentity): string[] {
  return (Object.keys(NAMES) as (keyof TrainingIdentity)[])
    .filter((part) => got[part] !== expected[part])
    .map((part) => NAMES[part]);
}

function digits(value: number): string {
  return String(value).padStart(8, '0');
}
