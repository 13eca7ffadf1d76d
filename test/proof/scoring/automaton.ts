/**
 * A worker as an automaton: its next call, by the results of its calls so far. It is learned by running the real code
 * on recorded results; since workers are deterministic, each history is run once, however many schedules contain it.
 */
import { createHash } from 'node:crypto';
import type { Queue } from '../../../lib/queue/queue.ts';
import type { ScoringDependencies } from '../../../lib/scoring/protocol/ports.ts';
import { type Gate, gated, type Operation, type Target } from '../../scoring/world/gated-store.ts';

export interface Tools extends ScoringDependencies {
  readonly shards: Queue;
}

/** The handling of one message: run again with fresh tools if the process is killed or fails. */
export type Work = (tools: Tools) => Promise<unknown>;

export type Step =
  | { readonly kind: 'call'; readonly operation: Operation; readonly act: (target: Target) => Promise<unknown> }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: Error };

export type Answer = { readonly value: unknown } | { readonly error: Error };

/** How far a process has come. */
export interface Position {
  /** Number of the worker's processes so far, this one included. */
  readonly process: number;
  /** Digest of what this process knows. */
  readonly told: string;
}

export interface Automaton {
  /** The next step of the process. */
  next(position: Position): Promise<Step>;
  /** The position after the result of its next call. */
  answer(position: Position, operation: Operation, answer: Answer): Position;
}

/**
 * The automaton of one worker.
 * @param endsWithPublication Whether the work ends when its publication does. Then nothing that was read before a round
 * of the publication matters in that round or later, and histories that differ only in that are treated as one.
 */
export function automaton(work: Work, worker: number, endsWithPublication: boolean): Automaton {
  const histories = new Map<string, readonly Answer[]>();
  const steps = new Map<string, Step>();

  return {
    async next(position) {
      const name = nameOf(position);
      const known = steps.get(name);
      if (known !== undefined) return known;
      const step = await stepAfter(work, worker, position.process, histories.get(name) ?? []);
      steps.set(name, step);
      return step;
    },
    answer(position, operation, answer) {
      const history = [...(histories.get(nameOf(position)) ?? []), answer];
      // A round of a publication begins with this call.
      const beginsRound = operation.name === 'list' && operation.key.startsWith('scores/');
      const known = beginsRound && endsWithPublication ? '' : position.told;
      const text = 'error' in answer ? answer.error.name : textOf(answer.value);
      const told = hash(`${known}|${operation.name} ${operation.key} ${text}`);
      const next = { process: position.process, told };
      if (!histories.has(nameOf(next))) histories.set(nameOf(next), history);
      return next;
    },
  };
}

/**
 * All of a result but the version ids, which the protocol does not use, and the ids of writers, which matter only if a
 * result is lost. An etag stands for the bytes.
 */
export function textOf(answer: unknown): string {
  return JSON.stringify(answer ?? null, (name, value: unknown) =>
    name === 'versionId' || name === 'writer' || name === 'body' ? undefined : value,
  );
}

export function hash(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

/** Runs the code on these results, up to the first call that has none. The process is left there for ever. */
function stepAfter(work: Work, worker: number, process: number, history: readonly Answer[]): Promise<Step> {
  return new Promise((resolve) => {
    let calls = 0;
    // Calls made at the same time get their results one after the other, in their order.
    const gate: Gate = (operation, act) => {
      const answer = history[calls++];
      if (answer === undefined) {
        resolve({ kind: 'call', operation, act });
        return new Promise(() => {});
      }
      return 'error' in answer ? Promise.reject(answer.error) : Promise.resolve(answer.value as never);
    };
    let ids = 0;
    const { store, queue } = gated(gate);
    const newWriterId = () => `worker ${worker} process ${process} write ${ids++}`;
    // No two processes have the same time, so that their writes differ where they may.
    const now = () => new Date(Date.UTC(2026, 0, 1 + worker, process));
    work({ store, shards: queue, newWriterId, now }).then(
      () => resolve({ kind: 'done' }),
      (error: Error) => resolve({ kind: 'failed', error }),
    );
  });
}

function nameOf({ process, told }: Position): string {
  return `${process} ${told}`;
}
