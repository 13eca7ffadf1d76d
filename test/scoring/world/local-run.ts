/** Local mode over a store in memory, with faults: handlers, queues and protocol together. */

import type { Clock } from '../../../lib/queue/in-process-queue.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { type FileResult, type LocalScoring, scoreLocal } from '../../../lib/scoring/local/local.ts';
import type { CandidateFiles, Logger } from '../../../lib/scoring/protocol/ports.ts';
import { type Gate, gated, type Operation } from './gated-store.ts';
import { type MemoryStore, MODEL, rememberingQueue, scratch } from './world.ts';

/** What goes wrong with a call on the store. */
export type Fault =
  /** The call is refused and not carried out: 409, 503, no route. */
  | 'refused'
  /** The call is carried out, and the caller gets a timeout. */
  | 'answer lost'
  /** The call is carried out, the response lost, and the client itself repeats it and gets the second response. */
  | 'repeated by the client'
  /** The call is carried out, and then the handler's process is killed; the queue delivers its message again. */
  | 'handler killed'
  /** The call is carried out, and then the run with its queues is killed; it is started again. */
  | 'run killed';

/** Says what goes wrong with the n-th call, counted from 0 over all runs. */
export type Faults = (call: number, operation: Operation) => Fault | null;

export interface LocalWorld {
  readonly store: MemoryStore;
  readonly files: CandidateFiles;
  /** Holds after every call that changes something. */
  readonly atEveryInstant?: (store: MemoryStore) => void;
}

export interface LocalOutcome {
  readonly results: readonly FileResult[];
  readonly calls: number;
  /** Calls that were to change something. */
  readonly changes: readonly string[];
}

const MAX_RUNS = 50;

/** Runs local mode until a run ends by itself, however many runs the faults end before. */
export async function runLocal(
  { store, files, atEveryInstant = () => {} }: LocalWorld,
  faults: Faults = () => null,
  options: Partial<LocalScoring> = {},
): Promise<LocalOutcome> {
  let calls = 0;
  let ids = 0;
  let dead: 'handler' | 'run' | null = null;
  const changes: string[] = [];
  const queue = rememberingQueue();

  const gate: Gate = async (operation, act) => {
    if (dead !== null) throw new Error('killed');
    const fault = faults(calls++, operation);
    if (fault === 'refused') throw new Error('503');
    const answer = await act({ store, queue });
    if (operation.changes) {
      changes.push(`${operation.name} ${operation.key}`);
      atEveryInstant(store);
    }
    if (fault === null) return answer;
    if (fault === 'repeated by the client') return act({ store, queue });
    if (fault === 'answer lost') throw new Error('timeout');
    dead = fault === 'run killed' ? 'run' : 'handler';
    throw new Error('killed');
  };
  // Called from a handler's only catch, where its process ends and another one takes over.
  const revive = () => {
    if (dead === 'handler') dead = null;
  };
  const log: Logger = { info: () => {}, error: revive };

  for (let run = 1; ; run++) {
    try {
      const results = await scoreLocal({
        store: gated(gate).store,
        models: { current: async () => MODEL },
        files,
        handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
        scratch,
        log,
        newWriterId: () => `writer ${ids++}`,
        queueOptions: { clock: instantClock() },
        ...options,
      });
      return { results, calls, changes };
    } catch (error) {
      if (run === MAX_RUNS) throw error;
      dead = null;
    }
  }
}

/** A clock that moves only while a caller sleeps. */
export function instantClock(): Clock {
  let now = Date.UTC(2026, 0, 1);
  return {
    now: () => now,
    async sleep(milliseconds) {
      await new Promise((resolve) => setImmediate(resolve));
      now += milliseconds;
    },
  };
}
