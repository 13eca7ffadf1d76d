import { FUNCTION_MEMORY_MIB } from '../../lib/contract/limits.ts';
import type { Monitored } from '../../lib/monitor/monitored.ts';
import { numbersOf } from '../../lib/monitor/numbers.ts';
import { monitor } from '../../lib/monitor/run/monitor.ts';
import { publishedDeclaration } from '../../lib/predictor/published-declaration.ts';
import { PRICES } from '../../lib/stack/prices.ts';
import type { Store } from '../../lib/store/store.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { progressBar } from '../terminal/progress-bar.ts';

export interface RunMonitorOptions {
  readonly data?: readonly string[];
  readonly model?: string;
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
}

/** What a run found, and its document of numbers. */
export interface MonitorRun extends Monitored {
  readonly document: ReturnType<typeof numbersOf>;
}

/** Runs monitoring of a model of a bucket, by the declaration of its current version, with a display of the progress. */
export async function runMonitor(
  store: Store,
  { data, model, threads, memory }: RunMonitorOptions,
  { io, signal }: Session,
): Promise<MonitorRun> {
  const name = await chosenModel(store, model);
  const version = await requireCurrent(store, name);
  const declaration = await publishedDeclaration(store, { name, version });
  const bar = progressBar(io.stderr);
  try {
    return await withScratch(io, async (scratch) => {
      const found = await monitor({
        store,
        declaration,
        dataPath: data ?? null,
        cwd: io.cwd,
        scratch,
        threads,
        memoryLimitMiB: memory,
        now: await store.now(),
        // On one's own machine, seconds cost nothing more.
        usdPerSecond: store.hasFiles ? null : (FUNCTION_MEMORY_MIB.default / 1024) * PRICES.lambda.gbSecond.x64,
        onDay: (_day, done, total) => bar.update({ label: 'joined', done, total, unit: 'days' }),
        signal,
      });
      return { ...found, document: numbersOf(found) };
    });
  } finally {
    bar.stop();
  }
}
