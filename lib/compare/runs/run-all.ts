/** Runs what is left of a list of runs, several at once, and reports each that has ended. */
import type { Competitor } from '../competitor.ts';
import type { OnRunProgress, Run, RunProgress } from './run.ts';
import type { EndedRun } from './run-file.ts';
import type { RunStore } from './run-store.ts';

/** A run that is wanted. */
export interface Wanted {
  readonly competitor: Competitor;
  readonly run: Run;
}

/** What became of a run: `failure` says why the model could not be trained. */
export interface Outcome extends Wanted {
  readonly failure: string | null;
  /** `null` for a run that was recorded before. */
  readonly seconds: number | null;
}

export interface RunAllOptions {
  readonly atOnce: number;
  readonly signal: AbortSignal;
  /** Called with what a run gave. */
  readonly onScores?: (wanted: Wanted, ended: EndedRun) => void;
  readonly onOutcome: (outcome: Outcome) => void;
  readonly onProgress: (wanted: Wanted, progress: RunProgress) => void;
}

/** Errors of a model that the comparison goes on without. They may come from another thread, which leaves their names. */
const MODEL_FAILURES = [
  'DivergedLossError',
  'NotEnoughMemoryError',
  'DataError',
  'ModelFileError',
  'ModelError',
  'GbdtError',
];

/** Returns what became of each run, in their order. */
export async function runAll(
  store: RunStore,
  wanted: readonly Wanted[],
  { atOnce, signal, onScores, onOutcome, onProgress }: RunAllOptions,
): Promise<readonly Outcome[]> {
  const outcomes = new Array<Outcome>(wanted.length);
  let next = 0;
  const take = async (index: number) => {
    signal.throwIfAborted();
    const one = wanted[index] as Wanted;
    const outcome = await outcomeOf(store, one, {
      onScores: (ended) => onScores?.(one, ended),
      onProgress: (progress) => onProgress(one, progress),
    });
    outcomes[index] = outcome;
    onOutcome(outcome);
  };
  const work = async () => {
    try {
      while (next < wanted.length) await take(next++);
    } catch (error) {
      // Nothing more is begun.
      next = wanted.length;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, wanted.length) }, work));
  return outcomes;
}

async function outcomeOf(
  store: RunStore,
  wanted: Wanted,
  { onScores, onProgress }: { readonly onScores: (ended: EndedRun) => void; readonly onProgress: OnRunProgress },
): Promise<Outcome> {
  const { competitor, run } = wanted;
  const before = await store.recorded(competitor, run);
  if (before !== null) {
    onScores(before);
    return { ...wanted, failure: null, seconds: null };
  }
  try {
    const ended = await store.run(competitor, run, onProgress);
    onScores(ended);
    return { ...wanted, failure: null, seconds: ended.seconds };
  } catch (error) {
    if (!(error instanceof Error) || !MODEL_FAILURES.includes(error.name)) throw error;
    return { ...wanted, failure: error.message, seconds: null };
  }
}
