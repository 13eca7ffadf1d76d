/**
 * The work on rows in a process of its own, one for each model version. Native sessions that are closed and opened
 * again leak memory; a process that ends frees it, and one that crashes leaves the function alive.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { CandidateFileError } from '../lib/scoring/errors.ts';
import type { FileVersion } from '../lib/scoring/protocol/keys.ts';
import type {
  CandidateFiles,
  Logger,
  ModelVersion,
  RankedPart,
  RankRequest,
  ScoredShard,
  ShardRequest,
} from '../lib/scoring/protocol/ports.ts';
import { oneAtATime } from '../lib/store/parallel.ts';
import type { CandidatePlan } from '../lib/table/candidates/plan.ts';
import { type ErrorRecord, errorOfRecord, recordOfError } from '../lib/workers/messages.ts';

/** A request to the process; one at a time. */
export type Question =
  | { readonly kind: 'plan'; readonly file: FileVersion; readonly model: ModelVersion }
  | { readonly kind: 'scoreShard'; readonly request: ShardRequest }
  | { readonly kind: 'rankPart'; readonly request: RankRequest };

/** Its response. */
export type Answer =
  | { readonly kind: 'plan'; readonly plan: CandidatePlan }
  | { readonly kind: 'scoreShard'; readonly shard: ScoredShard }
  | { readonly kind: 'rankPart'; readonly part: RankedPart }
  | { readonly kind: 'error'; readonly error: CandidateErrorRecord };

/** An error in a form that survives the way between processes. */
export interface CandidateErrorRecord extends ErrorRecord {
  /** What a `CandidateFileError` has besides; `null` for any other error. */
  readonly candidate: Pick<CandidateFileError, 'reason' | 'details'> | null;
}

export interface ModelProcess extends CandidateFiles {
  /** Ends the process, if there is one. */
  close(): Promise<void>;
}

const CLOSE_MILLISECONDS = 5_000;

/** Starts `modulePath` for the first version that is requested, and replaces the process when another version is. */
export function modelProcess(modulePath: string, log: Pick<Logger, 'info'>): ModelProcess {
  let running: { readonly version: string; readonly child: ChildProcess } | null = null;
  const inTurn = oneAtATime();

  async function ask({ name, version }: ModelVersion, question: Question): Promise<Answer> {
    const wanted = `${name}/${version}`;
    if (running?.version !== wanted || !running.child.connected) {
      await close();
      running = {
        version: wanted,
        child: fork(modulePath, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
      };
      log.info('model process started', { model: wanted, pid: running.child.pid });
    }
    return answerOf(running.child, question);
  }

  async function close(): Promise<void> {
    const child = running?.child;
    running = null;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const killer = setTimeout(() => child.kill('SIGKILL'), CLOSE_MILLISECONDS);
    const exited = once(child, 'exit');
    if (child.connected) child.disconnect();
    await exited;
    clearTimeout(killer);
  }

  return {
    async plan(file, model) {
      const answer = await inTurn(() => ask(model, { kind: 'plan', file, model }));
      if (answer.kind === 'plan') return answer.plan;
      throw unexpected(answer);
    },
    async scoreShard(request) {
      const answer = await inTurn(() => ask(request.model, { kind: 'scoreShard', request }));
      if (answer.kind === 'scoreShard') return answer.shard;
      throw unexpected(answer);
    },
    async rankPart(request) {
      const answer = await inTurn(() => ask(request.model, { kind: 'rankPart', request }));
      if (answer.kind === 'rankPart') return answer.part;
      throw unexpected(answer);
    },
    close: () => inTurn(close),
  };
}

/** The record of an error. */
export function candidateErrorRecord(error: unknown): CandidateErrorRecord {
  const candidate = error instanceof CandidateFileError ? { reason: error.reason, details: error.details } : null;
  return { ...recordOfError(error), candidate };
}

function answerOf(child: ChildProcess, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void) => {
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      settled();
    };
    const onMessage = (answer: unknown) => settle(() => resolve(answer as Answer));
    const onError = (error: Error) => settle(() => reject(error));
    const onExit = (code: number | null, signal: string | null) =>
      onError(new Error(`model process ended with ${signal ?? `exit code ${code}`} before it answered`));
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    child.send(question, (error) => error && onError(error));
  });
}

function unexpected(answer: Answer): Error {
  if (answer.kind !== 'error') return new Error(`model process answered ${answer.kind}, which it was not asked`);
  const { candidate, message } = answer.error;
  if (candidate !== null) return new CandidateFileError(candidate.reason, message, candidate.details);
  return errorOfRecord(answer.error);
}
