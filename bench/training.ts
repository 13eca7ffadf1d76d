import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../lib/config/declaration.ts';
import { byteText, count, countOf, secondsText } from '../lib/numbers/text.ts';
import { fileStore } from '../lib/store/folder/file-store.ts';
import type { Database } from '../lib/table/database.ts';
import { Checkpoints } from '../lib/training/checkpoints.ts';
import { LARGEST_DEFAULT_BATCH } from '../lib/training/rows/batch-size.ts';
import { train } from '../lib/training/train.ts';

/** The data of a benchmark and the settings to run it with. */
export interface BenchRun {
  readonly database: Database;
  readonly declaration: Declaration;
  readonly path: string;
  readonly rows: number;
  readonly threads: number;
  readonly scratch: string;
}

// The default of a training run.
const CHECKPOINT_EVERY_SECONDS = 600;

/**
 * Trains one epoch as the command does, and prints the time of a step, of a checkpoint and of the whole.
 * @returns the folder of the trained model.
 */
export async function benchTraining({ declaration, path, rows, threads, scratch }: BenchRun): Promise<string> {
  const folder = join(scratch, 'training');
  await mkdir(folder);
  const ends: number[] = [];
  const trained = await train({
    declaration,
    declarationText: '',
    dataPath: path,
    scratch: folder,
    threads,
    memoryLimitMiB: 4096,
    checkpoints: await checkpointAtEnd(declaration, threads, scratch),
    onProgress: ({ phase }) => {
      if (phase === 'train') ends.push(performance.now());
    },
  });
  const steps = ends.slice(1).map((end, i) => end - (ends[i] as number));
  steps.sort((a, b) => a - b);
  const median = steps[Math.floor(steps.length / 2)] ?? Number.NaN;
  const batch = declaration.training.batchSize ?? LARGEST_DEFAULT_BATCH;
  console.log(
    `training step of ${batch} rows: median ${median.toFixed(1)} ms, fastest ${(steps[0] ?? Number.NaN).toFixed(1)} ms (${count((batch / median) * 1000)} rows/s)`,
  );
  console.log(
    `trained 1 epoch of ${countOf(rows, 'row')}, checks, export and evaluation included, in ${secondsText(trained.seconds)}, ${peakMemory()}`,
  );
  return trained.folder;
}

/** Returns checkpoints of which one is written, at the end of training; prints the time that it takes. */
async function checkpointAtEnd(declaration: Declaration, threads: number, scratch: string): Promise<Checkpoints> {
  const folder = join(scratch, 'checkpoint');
  await mkdir(folder);
  const { name, training } = declaration;
  return new Checkpoints({
    store: fileStore(join(scratch, 'checkpoints')),
    name,
    identity: {
      declarationSha256: '',
      modelFileSha256: null,
      dataSha256: '',
      warmStart: null,
      seed: training.seed,
      engine: training.engine,
    },
    epoch: 1,
    everyMs: Number.POSITIVE_INFINITY,
    threads,
    scratch: folder,
    onEvent: (event) => {
      if (event.kind !== 'written') return;
      const { bytes, seconds } = event;
      console.log(
        `checkpoint of ${byteText(bytes)} written to a folder in ${seconds.toFixed(2)} s, ${((100 * seconds) / CHECKPOINT_EVERY_SECONDS).toFixed(2)}% of training at one every 10 minutes`,
      );
    },
  });
}

/** Returns the peak memory of this process as text. */
export function peakMemory(): string {
  return `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB peak`;
}
