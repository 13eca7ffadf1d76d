/** Reads and encodes a log once for all models of a comparison, and opens the threads that train on it. */
import { thisMachine } from '../../config/machine.ts';
import { earlierStages, stageGraph } from '../../model/stage-graph.ts';
import { fitEncoder } from '../../table/fit/fit-encoder.ts';
import type { LogSummary } from '../../table/fit/summary.ts';
import type { OpenedLog } from '../../table/open-log.ts';
import { stageRates } from '../../training/held-out/stage-rates.ts';
import type { OnProgress } from '../../training/progress.ts';
import { type CachedRows, cacheRows } from '../../training/rows/cache-rows.ts';
import { comparedRoles } from '../protocol.ts';
import type { Bench } from './bench.ts';
import { MemoryBudget } from './memory-budget.ts';
import { RunThreads } from './run-threads.ts';

/** Where the files go, and how the reading is shown. */
export interface BenchOptions {
  /** An empty folder for encoded rows; the caller removes it. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Bytes of memory of the process. @default the limit of this process */
  readonly memoryBytes?: number;
  /** Called once, where runs must wait for the memory of others: with the bytes that one needs, and those left of all. */
  readonly onWait?: (wait: MemoryWait) => void;
}

/** The memory that a run waits for, in bytes. */
export interface MemoryWait {
  readonly needed: number;
  readonly left: number;
  readonly total: number;
}

/** A bench, and what is known of its log. Closed by `close`. */
export interface OpenBench extends Bench {
  readonly summary: LogSummary;
  close(): Promise<void>;
}

/** Encodes the rows of a log whose declaration has the split of the comparison. */
export async function openBench(opened: OpenedLog, options: BenchOptions): Promise<OpenBench> {
  const { database, log } = opened;
  const { scratch, signal } = options;
  const { encoder, summary } = await fitEncoder(database, log, options.onProgress);
  signal.throwIfAborted();
  const { click } = comparedRoles(log.declaration);
  const rows = await cacheRows(opened, {
    ...options,
    encoder,
    summary,
    scoresValidation: true,
    // A model may need the propensities of these.
    propensitiesOf: earlierStages(stageGraph(log.declaration)),
  });
  const usedBytes = process.memoryUsage.rss();
  const total = (options.memoryBytes ?? thisMachine().memoryBytes) - usedBytes;
  let hasWaited = false;
  const memory = new MemoryBudget(total, (needed, left) => {
    if (!hasWaited) options.onWait?.({ needed, left, total });
    hasWaited = true;
  });
  const stored = {
    path: log.source.path,
    encoder,
    train: rows.train.stored(),
    validation: rows.validation.stored(),
    reached: storedReached(rows),
    scored: { validation: rows.calibration.stored(), test: rows.test.stored() },
    rates: stageRates(summary),
    scratch,
    usedBytes,
  };
  const threads = new RunThreads(stored, memory);
  const end = () => threads.stop();
  signal.addEventListener('abort', end, { once: true });
  // A run that was stopped would only tell that.
  const unlessAborted = (error: unknown): never => {
    signal.throwIfAborted();
    throw error;
  };
  return {
    opened,
    encoder,
    rows,
    scratch,
    signal,
    summary,
    memory,
    usedBytes,
    train: (request, onOwn) => threads.run({ kind: 'model', request }, onOwn).catch(unlessAborted),
    trainSharedCtr: (request, onOwn) =>
      threads.run({ kind: 'stage', request, run: { stage: click, output: 'pctr' } }, onOwn).catch(unlessAborted),
    async close() {
      signal.removeEventListener('abort', end);
      await threads.close();
    },
  };
}

function storedReached({ reached }: CachedRows) {
  return Object.fromEntries(
    Object.entries(reached).map(([stage, { train, validation }]) => [
      stage,
      {
        train: { encoded: train.encoded.stored(), places: train.places },
        validation: { encoded: validation.encoded.stored(), places: validation.places },
      },
    ]),
  );
}
