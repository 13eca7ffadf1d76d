/** Summarises the good rows of a log: rows of each part, labels of each stage, missing and dropped values. */
import { assertAcceptable } from '../check/acceptable.ts';
import type { CheckedLog } from '../check/log.ts';
import { describeSplit } from '../check/split.ts';
import type { Database } from '../database.ts';
import type { Part } from '../encoded.ts';
import { type OnLogProgress, type RunPart, runPhase } from '../log-progress.ts';
import { assertLearnable } from './learnable.ts';
import { type MeasuredFeatures, measureFeatures, passesToMeasure } from './measure/measure.ts';
import type { SampledColumn } from './measure/value-aucs.ts';
import { numberNotes } from './number-notes.ts';
import { type PartSummary, summarizeParts, type TimeRange } from './parts.ts';
import { findRepeatedKeys } from './repeated-keys.ts';
import { findSuspicious, type SuspiciousColumn, suspicionText } from './suspicious.ts';
import { factsOf, valueNotes } from './value-notes.ts';

/** Summary of a log. */
export interface LogSummary {
  /** Path of the log, as the user gave it. */
  readonly source: string;
  readonly rows: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly time: TimeRange | null;
  /** How the rows are divided: `split by the hash of row: 10% validation, 20% test`. */
  readonly split: string;
  readonly parts: Readonly<Record<Part, PartSummary>>;
  /** Number of training rows without a value, by feature. */
  readonly missing: Readonly<Record<string, number>>;
  /** Number of values that are dropped because a bag is too long, in the training rows, by bag. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Rows that repeat the keys of another row. */
  readonly repeatedKeys: number;
  /** Features that tell a label by themselves: most likely their columns are known only afterwards. */
  readonly suspicious: readonly SuspiciousColumn[];
  /** What a user should know of the log, but which stops nothing: one sentence each, without a full stop. */
  readonly notes: readonly string[];
}

/** Returns everything that a user should know of a log: its notes, and its suspicious columns as sentences. */
export function toldOf({ notes, suspicious }: Pick<LogSummary, 'notes' | 'suspicious'>): string[] {
  return [...notes, ...suspicious.map(suspicionText)];
}

/** A summary of a log, and what its features were measured to be. */
export interface SummarizedLog {
  readonly summary: LogSummary;
  readonly measured: MeasuredFeatures;
}

/** To whom the progress of a summary is reported. */
export interface SummarizeOptions {
  /** As of `findSuspicious`. */
  readonly onColumn?: (column: SampledColumn) => void;
  /** Told of the phase `fit`. */
  readonly onProgress?: OnLogProgress | undefined;
}

/**
 * Summarises a log, and measures its features.
 * @throws {DataError} as `assertAcceptable` and `assertLearnable`.
 */
export function summarizeLog(
  database: Database,
  log: CheckedLog,
  { onColumn, onProgress }: SummarizeOptions = {},
): Promise<SummarizedLog> {
  assertAcceptable(log);
  // Besides the features: the parts by two statements, repeated keys, samples of columns, and notes.
  const passes = passesToMeasure(log.declaration) + 5;
  const told = { phase: 'fit', size: log.source.rows, passes, onProgress } as const;
  return runPhase(database, told, (run) => summarize(database, log, run, onColumn));
}

async function summarize(
  database: Database,
  log: CheckedLog,
  run: RunPart,
  onColumn?: (column: SampledColumn) => void,
): Promise<SummarizedLog> {
  const { source, declaration, rejects, start, last } = log;
  const { features } = declaration;
  const rejectedByReason: Record<string, number> = {};
  for (const { reason, rows } of rejects) rejectedByReason[reason] = (rejectedByReason[reason] ?? 0) + rows;
  const rejected = rejects.reduce((sum, { rows }) => sum + rows, 0);
  const parts = await summarizeParts(database, log, run);
  assertLearnable(log, parts.train, rejected);
  const measured = await measureFeatures(database, log, run);
  const repeated = await run(1, () => findRepeatedKeys(database, log));
  const suspicious = await run(1, () => findSuspicious(database, log, parts.train, onColumn));
  const notes = await run(1, async () => [
    ...(await valueNotes(database, log, measured, parts.train.rows)),
    ...(await numberNotes(database, log, measured.numbers)),
  ]);
  const summary = {
    source: source.path,
    rows: source.rows,
    rejected,
    rejectedByReason,
    time: start === null || last === null ? null : { first: start, last },
    split: describeSplit(declaration.split),
    parts,
    missing: Object.fromEntries(features.map(({ name }) => [name, factsOf(name, measured).missing])),
    dropped: Object.fromEntries([...measured.bags].map(([name, { cut }]) => [name, cut])),
    suspicious,
    repeatedKeys: repeated.rows,
    notes: [...log.notes, ...repeated.notes, ...notes],
  };
  return { summary, measured };
}
