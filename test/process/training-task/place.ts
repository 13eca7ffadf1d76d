/** Buckets in folders, with a shop's log and declaration, and the training process over them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { currentVersion } from '../../../lib/registry/current.ts';
import { fileStore } from '../../../lib/store/folder/file-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import type { RunResult } from '../../../training/run/records.ts';
import { DECLARATION_KEY, putPartitions, type ShopDeclaration, shopDeclaration } from '../../training/shop.ts';
import type { SyntheticLog } from '../../training/synthetic-log.ts';
import { type LogLine, startTraining, type TrainingProcess, type TrainingProcessOptions } from './process.ts';

export const DAYS = 10;
export const UNTIL = '2026-01-10';
export const LOG: SyntheticLog = { seed: 1, rows: 30_000, start: new Date('2026-01-01T00:00:00.000Z'), days: DAYS };
/** Small batches, so that training takes seconds. */
export const SLOW: ShopDeclaration = { batchSize: 8, epochs: 4 };

export interface Place {
  readonly store: Store;
  readonly scratch: string;
  /** Another empty folder. */
  newScratch(): Promise<string>;
  start(changes?: Readonly<Record<string, string>>, options?: TrainingProcessOptions): TrainingProcess;
}

/** Returns a function that makes such places; they are removed after the tests of the file. */
export function places(): (declaration?: ShopDeclaration, log?: SyntheticLog) => Promise<Place> {
  let folder: string;
  let made = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'training-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return async (declaration = {}, log = LOG) => {
    const bucket = join(folder, `bucket-${made++}`);
    const store = fileStore(bucket);
    await store.put(DECLARATION_KEY, shopDeclaration(declaration));
    await putPartitions(store, log);
    const newScratch = () => mkdtemp(join(folder, 'scratch-'));
    const scratch = await newScratch();
    const settings = {
      BUCKET: bucket,
      MODEL_NAME: 'shop',
      RUN_ID: 'night-1',
      WINDOW_DAYS: String(DAYS),
      PARTITIONS_UNTIL: UNTIL,
      SCRATCH: scratch,
    };
    return {
      store,
      scratch,
      newScratch,
      start: (changes = {}, options = {}) => startTraining({ ...settings, ...changes }, options),
    };
  };
}

export async function modelBytes(store: Store): Promise<string> {
  const { version } = (await currentVersion(store, 'shop')) ?? { version: 'none' };
  const { body } = await store.get(`models/shop/${version}/model.onnx`);
  return Buffer.from(body).toString('base64');
}

export async function resultOf(store: Store, runId: string): Promise<RunResult> {
  const { body } = await store.get(`_training/shop/${runId}/result.json`);
  return JSON.parse(new TextDecoder().decode(body));
}

export async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

export const messages = (lines: readonly LogLine[], message: string) =>
  lines.filter((line) => line.message === message);
