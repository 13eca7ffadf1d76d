/** Local mode: the handlers of the Lambdas over any store, driven by queues within the process. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { failureKey, scoresManifestKey } from '../../contract/bucket.ts';
import {
  type BatchHandler,
  type InProcessQueue,
  inProcessQueue,
  type QueueOptions,
} from '../../queue/in-process-queue.ts';
import { InvalidRecordError } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { LeftOutReason } from '../../table/source/left-out.ts';
import { arrivalBody } from '../protocol/events.ts';
import { conclude, shardsDone } from '../protocol/finish.ts';
import { checkCandidateKey, type FileVersion, fileVersion } from '../protocol/keys.ts';
import type {
  CandidateFiles,
  Logger,
  Models,
  PlanDependencies,
  ScoreDependencies,
  ScoringDependencies,
} from '../protocol/ports.ts';
import { type DeadLetter, failDeadLetters } from '../protocol/reconcile.ts';
import {
  type Failure,
  isDecided,
  RECORDS,
  readOutcome,
  readPlan,
  readRecord,
  type ScoresManifest,
} from '../protocol/records.ts';
import { redriveFile } from '../protocol/redrive.ts';
import { findLocalFiles, type IsComplete, type LocalFile } from './local-files.ts';

/** The handlers' factories, as `functions/` exports them. */
export interface Handlers {
  readonly planShards: (dependencies: PlanDependencies & { readonly log: Logger }) => BatchHandler;
  readonly scoreShard: (dependencies: ScoreDependencies & { readonly log: Logger }) => BatchHandler;
}

export interface LocalScoring {
  readonly store: Store;
  readonly models: Models;
  readonly files: CandidateFiles;
  readonly handlers: Handlers;
  /** Candidate files to score. @default every one under `candidates/` */
  readonly keys?: readonly string[];
  /** Files that have an outcome: leave them, try those again that failed, or score all once more. @default 'none' */
  readonly again?: 'none' | 'failed' | 'all';
  /** Shards that are scored at the same time. @default 1 */
  readonly concurrency?: number;
  /** Existing folder for scratch files. @default the system's */
  readonly scratch?: string;
  /** When it aborts, shards that have begun are finished and no other begins; a later run continues from there. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** @default nothing is logged */
  readonly log?: Logger;
  readonly now?: () => Date;
  readonly newWriterId?: () => string;
  readonly queueOptions?: QueueOptions;
  /** Whether a file that is found is taken in this run. @default every file */
  readonly isComplete?: IsComplete;
  /** Awaited once all files are planned, before any is scored. @default nothing is awaited */
  readonly modelReady?: Promise<void>;
}

/** How far a run is; files that were over before it began do not count. */
export interface Progress {
  readonly rowsDone: number;
  readonly rowsTotal: number;
  readonly filesDone: number;
  readonly filesTotal: number;
}

/** Whether an outcome was made in this run. */
interface Ended {
  /** Present where the outcome was there before: the version that is current now, which it may not be of. */
  readonly earlier?: { readonly currentVersion: string };
}

export type FileResult =
  | ({ readonly status: 'succeeded'; readonly key: string; readonly manifest: ScoresManifest } & Ended)
  | ({ readonly status: 'failed'; readonly key: string; readonly failure: Failure } & Ended)
  /** The key itself cannot be a candidate's. */
  | { readonly status: 'refused'; readonly key: string; readonly message: string }
  /** Below `candidates/`, and not taken for a candidate file. */
  | { readonly status: 'left_out'; readonly key: string; readonly reason: LeftOutReason }
  /** The run was stopped before the file's end. */
  | { readonly status: 'open'; readonly key: string };

/**
 * Scores the candidate files whose current version has no outcome, and returns the outcome of each. A message that
 * fails too often makes its file fail, with the last error in the failure's message.
 * @throws where no model is current or `modelReady` fails, a key that was asked for is not there, or a record of the bucket is damaged, which
 * no other try mends.
 */
export async function scoreLocal(options: LocalScoring): Promise<FileResult[]> {
  const { store, models, files, handlers, keys = null, again = 'none', concurrency = 1, signal } = options;
  const { now = () => new Date(), newWriterId = randomUUID, scratch = tmpdir(), log = SILENT } = options;
  const { version: currentVersion } = await models.current();
  const { files: found, leftOut } = await findLocalFiles(store, keys, {
    now: now(),
    ...(options.isComplete && { isComplete: options.isComplete }),
  });
  const arrivals = inProcessQueue('arrivals', options.queueOptions);
  const shards = inProcessQueue('shards', options.queueOptions);
  const dependencies = { store, newWriterId, now, shards, models };

  const sent = await mapSequence(found, (file) => sendArrival({ ...dependencies, arrivals }, file, again));
  const damage = new AbortController();
  const stopping = { signal: signal === undefined ? damage.signal : AbortSignal.any([signal, damage.signal]) };
  // Everything is planned before anything is scored, so that progress knows all rows.
  const planning = {
    ...dependencies,
    files,
    inOneGo: null,
    isNamed: keys !== null,
    log: notingErrors(log, arrivals, damage),
  };
  await arrivals.drive(handlers.planShards(planning), stopping);
  damage.signal.throwIfAborted();
  if (!signal?.aborted) await failDeadLetters(dependencies, deadLetters('arrivals', arrivals));

  await options.modelReady;
  const counted = await countProgress(
    store,
    sent.filter((file) => file !== null),
    files,
    options.onProgress,
  );
  const scoring = { ...dependencies, files: counted, scratch, log: notingErrors(log, shards, damage) };
  await shards.drive(handlers.scoreShard(scoring), { ...stopping, concurrency });
  damage.signal.throwIfAborted();
  if (!signal?.aborted) await failDeadLetters(dependencies, deadLetters('shards', shards));

  const results = await mapSequence(found, async ({ file }, position) => {
    const version = sent[position];
    const result = await readResult(store, version ?? file);
    const isEnded = result.status === 'succeeded' || result.status === 'failed';
    return isEnded && version === null ? { ...result, earlier: { currentVersion } } : result;
  });
  return [...results, ...leftOut.map(({ name, reason }) => ({ status: 'left_out', key: name, reason }) as const)];
}

/** Sends a file's arrival, so that it is scored. If it was decided before, only publishes it, and returns `null`. */
async function sendArrival(
  dependencies: ScoringDependencies & { readonly arrivals: InProcessQueue },
  { file, status }: LocalFile,
  again: 'none' | 'failed' | 'all',
): Promise<FileVersion | null> {
  const { store, arrivals } = dependencies;
  if (status === 'failed' && again === 'failed') {
    await redriveFile(dependencies, file.source);
    return file;
  }
  if (status === 'open' || again === 'all') {
    const version = status === 'open' ? file : fileVersion({ ...file, attempt: file.attempt + 1 });
    await arrivals.send([arrivalBody(version)]);
    return version;
  }
  const outcome = (await readOutcome(store, file.source))?.value;
  if (isDecided(outcome)) await conclude(dependencies, outcome);
  return null;
}

/** The same port, which reports how many rows are done. Shards that were done before the run count at once. */
async function countProgress(
  store: Store,
  versions: readonly FileVersion[],
  files: CandidateFiles,
  onProgress: (progress: Progress) => void = () => undefined,
): Promise<CandidateFiles> {
  const missing = new Map<string, Set<number>>();
  let rowsDone = 0;
  let rowsTotal = 0;
  for (const { source } of versions) {
    const shards = (await readPlan(store, source))?.candidates.shards ?? [];
    const done = await shardsDone(store, source);
    missing.set(source, new Set(shards.map(({ index }) => index).filter((index) => !done.has(index))));
    for (const { index, rows } of shards) {
      rowsTotal += rows;
      if (done.has(index)) rowsDone += rows;
    }
  }
  const report = () => {
    const filesDone = [...missing.values()].filter((shards) => shards.size === 0).length;
    onProgress({ rowsDone, rowsTotal, filesDone, filesTotal: missing.size });
  };
  report();
  return {
    plan: (file, model) => files.plan(file, model),
    async scoreShard(request) {
      const scored = await files.scoreShard(request);
      if (missing.get(request.file.source)?.delete(request.shard)) rowsDone += scored.rowsIn;
      report();
      return scored;
    },
    rankPart: (request) => files.rankPart(request),
  };
}

async function readResult(store: Store, { key, source }: FileVersion): Promise<FileResult> {
  const check = checkCandidateKey(key);
  if (check.kind === 'refused') return { status: 'refused', key, message: check.message };
  const outcome = (await readOutcome(store, source))?.value;
  if (outcome?.status === 'succeeded') return { status: 'succeeded', key, manifest: outcome.manifest };
  if (outcome?.status === 'failed') return { status: 'failed', key, failure: outcome.failure };
  // The work of a file that ended long ago has expired; its scores folder still shows the outcome.
  const manifest = (await readRecord(store, RECORDS.manifest, scoresManifestKey(key)))?.value;
  if (manifest?.source === source) return { status: 'succeeded', key, manifest };
  const failure = (await readRecord(store, RECORDS.failure, failureKey(key)))?.value;
  return failure?.source === source ? { status: 'failed', key, failure } : { status: 'open', key };
}

function deadLetters(queue: DeadLetter['queue'], messages: InProcessQueue): DeadLetter[] {
  return messages.deadLetters().map(({ body, error }) => ({ queue, body, error }));
}

// A batch response says which messages failed and not why; the log is where a handler says it.
function notingErrors(log: Logger, queue: InProcessQueue, damage: AbortController): Logger {
  return {
    info: (message, details) => log.info(message, details),
    error(message, details) {
      const { messageId, error } = details;
      if (typeof messageId === 'string')
        queue.noteError(messageId, error instanceof Error ? error.message : String(error));
      if (isOfRecord(error)) damage.abort(error);
      log.error(message, details);
    },
  };
}

/** Whether an error says that a stored record is damaged. */
function isOfRecord(error: unknown): boolean {
  return error instanceof InvalidRecordError || (error instanceof Error && error.cause instanceof InvalidRecordError);
}

async function mapSequence<Item, Result>(
  items: readonly Item[],
  map: (item: Item, position: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [position, item] of items.entries()) results.push(await map(item, position));
  return results;
}

const SILENT: Logger = { info: () => undefined, error: () => undefined };
