/** The files of a bucket that have a plan and no outcome: how far they are, and how long the rest takes. */
import { mapAtOnce } from '../../store/parallel.ts';
import type { Store } from '../../store/store.ts';
import { ScoringError } from '../errors.ts';
import { readPlan } from '../protocol/records.ts';
import type { FileFacts } from './file-facts.ts';
import { latestAttempt } from './file-state.ts';

/** Most plans that are read; one of thousands of shards has some hundred kilobytes. */
const MOST_READ = 1_000;

/** A file that has a plan and no outcome. */
export interface OpenFile {
  readonly key: string;
  readonly plannedAt: string;
  /** The version that it is scored with. */
  readonly version: string;
  readonly rows: number;
  readonly shards: number;
  readonly shardsDone: number;
}

/** The files that are planned or in flight. */
export interface OpenFiles {
  /** The oldest plans first. */
  readonly files: readonly OpenFile[];
  /** Files that are planned or in flight; more than `files` where there are very many. */
  readonly all: number;
  /** Of `files`, added up. */
  readonly shards: number;
  readonly shardsDone: number;
  /** Over the last quarter of an hour; `null` where fewer than two shards were scored in it. */
  readonly shardsPerMinute: number | null;
  /** Until the shards of all planned files are scored at that rate; `null` where nothing is left, or without a rate. */
  readonly secondsLeft: number | null;
}

/** Reads the plans of open files, up to a thousand. `scoredSince` is when shards of all files were scored just now. */
export async function openFiles(
  store: Store,
  open: readonly FileFacts[],
  scoredSince: readonly number[],
  now: Date,
): Promise<OpenFiles> {
  const read = await mapAtOnce(open.slice(0, MOST_READ), (file) => openFile(store, file));
  const files = read.filter((file) => file !== null).sort((a, b) => a.plannedAt.localeCompare(b.plannedAt));
  const shards = sum(files.map((file) => file.shards));
  const shardsDone = sum(files.map((file) => file.shardsDone));
  const shardsPerMinute = ratePerMinute(scoredSince, now);
  // Files whose plans were not read have as many shards left as the others, on average.
  const left = files.length === 0 ? 0 : ((shards - shardsDone) * open.length) / files.length;
  return {
    files,
    all: open.length,
    shards,
    shardsDone,
    shardsPerMinute,
    secondsLeft: shardsPerMinute === null || left === 0 ? null : Math.round((60 * left) / shardsPerMinute),
  };
}

/** Reads the plan of a file; `null` where it is gone, or another release wrote it. */
async function openFile(store: Store, file: FileFacts): Promise<OpenFile | null> {
  const attempt = latestAttempt(file);
  if (attempt === null) return null;
  const source = attempt.number === 1 ? file.source : `${file.source}-${attempt.number}`;
  const plan = await readPlan(store, source).catch(nullIfUnreadable);
  if (plan === null) return null;
  const { plannedAt, model, candidates } = plan;
  return {
    key: file.key,
    plannedAt,
    version: model.version,
    rows: candidates.rows,
    shards: candidates.shards.length,
    shardsDone: attempt.shardsDone,
  };
}

/** Returns shards per minute between the first of them and now; `null` for fewer than two, which are no rate. */
export function ratePerMinute(scoredAt: readonly number[], now: Date): number | null {
  const minutes = (now.getTime() - least(scoredAt)) / 60_000;
  return scoredAt.length < 2 || !(minutes > 0) ? null : (scoredAt.length - 1) / minutes;
}

function nullIfUnreadable(error: unknown): null {
  if (error instanceof ScoringError) return null;
  throw error;
}

/** The least of many numbers; infinity of none. */
export function least(values: readonly number[]): number {
  return values.reduce((before, value) => Math.min(before, value), Number.POSITIVE_INFINITY);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
