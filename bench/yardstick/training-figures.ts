/** Trainings: by the command beside Python, and their parts in a process of its own. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { execute, literal, openDatabase } from '../../lib/table/database.ts';
import { DECLARATION, declarationText } from './data.ts';
import { type ProgramRun, runCommand, runProgram } from './processes.ts';
import { median, outcomeText, sideBySide, spreadText } from './side-by-side.ts';
import type { TrainingFigures, TrainingTask } from './training-process.ts';
import type { Site } from './yardstick.ts';

const BUCKET = 'training-bucket';

/** Seconds from a log to a published version beside those of a program with PyTorch, its compilation left out. */
export async function trainBesidePython({ folder, rounds, python }: Site): Promise<string> {
  const outcome = await sideBySide({
    rounds,
    async product() {
      await rm(join(folder, BUCKET), { recursive: true, force: true });
      const args = ['train', DECLARATION, '--data', 'log.parquet', '--bucket', BUCKET];
      return (await runCommand(args, folder)).seconds;
    },
    python: python && (async () => pythonFigures(await python('train.py', ['log.parquet'], folder)).seconds),
  });
  return outcomeText(outcome, 1.25);
}

/** Milliseconds of a step, with rows shuffled one by one or by request, beside the compiled step of PyTorch. */
export async function step(site: Site, shuffle: 'rows' | 'groups', wanted: number): Promise<string> {
  const { folder, rounds, python } = site;
  const outcome = await sideBySide({
    rounds,
    async product() {
      const { stepSeconds } = await trained(site, `epochs: 1, shuffle: ${shuffle}`);
      return 1000 * stepSeconds;
    },
    python:
      python &&
      (async () => {
        const { batchSize, rowsPerSecond } = pythonFigures(await python('train.py', ['log-400k.parquet'], folder));
        return (1000 * batchSize) / rowsPerSecond;
      }),
  });
  return outcomeText(outcome, wanted, 'ms');
}

/** Microseconds a row before the first step. */
export async function firstStep(site: Site): Promise<string> {
  const microseconds: number[] = [];
  for (let round = 0; round < site.rounds; round++) {
    const { secondsBefore, rows } = await trained(site, 'epochs: 1', 'log.parquet');
    microseconds.push((1e6 * secondsBefore) / rows);
  }
  return `${spreadText(microseconds, 'microseconds a row')} (wanted at most 2)`;
}

/** How much longer an epoch with dropout takes. */
export async function dropout(site: Site): Promise<string> {
  const [plain, dropped]: [number[], number[]] = [[], []];
  for (let round = 0; round < site.rounds; round++) {
    plain.push((await trained(site, 'epochs: 1, dropout: 0')).epochSeconds);
    dropped.push((await trained(site, 'epochs: 1, dropout: 0.2')).epochSeconds);
  }
  const ratio = median(dropped) / median(plain);
  return `an epoch of ${spreadText(dropped, 's')}, without dropout ${spreadText(plain, 's')}, ratio ${ratio.toFixed(2)} (wanted at most 1.15)`;
}

/** Seconds to write the report of a million held-out rows. */
export async function report(site: Site): Promise<string> {
  const text = declarationText('epochs: 1').replace('test: 0.05', 'test: 0.5');
  const { reportSeconds, heldOutRows } = await trainedBy(site, { declarationText: text, data: 'log.parquet' });
  return `${heldOutRows} held-out rows: ${reportSeconds.toFixed(2)} s (wanted at most 2)`;
}

/** Seconds to write the report of a model with many columns of numbers, and with a quarter of them. */
export async function reportOfColumns(site: Site): Promise<string> {
  const seconds: number[] = [];
  for (const columns of [192, 768]) {
    const data = await writeNumbers(site, columns);
    const features = Array.from({ length: columns }, (_, i) => `  n${i}: { type: number, entity: item }`).join('\n');
    const declaration = declarationText('epochs: 1').replace(/features:\n[\s\S]*/, `features:\n${features}\n`);
    const { reportSeconds } = await trainedBy(site, { declarationText: declaration, data });
    seconds.push(reportSeconds);
  }
  return `192 columns ${seconds[0]?.toFixed(2)} s, 768 columns ${seconds[1]?.toFixed(2)} s (wanted four times as long at most)`;
}

/** Peak memory of training on few and on many rows. */
export async function trainingMemory(site: Site): Promise<string> {
  const peaks: number[] = [];
  for (const log of ['log-400k.parquet', 'log.parquet']) {
    await rm(join(site.folder, BUCKET), { recursive: true, force: true });
    const args = ['train', DECLARATION, '--data', log, '--bucket', BUCKET];
    peaks.push((await runCommand(args, site.folder)).peakMb);
  }
  return `400,000 rows ${peaks[0]?.toFixed(0)} MB, 2,000,000 rows ${peaks[1]?.toFixed(0)} MB (wanted independent of rows)`;
}

function trained(site: Site, training: string, data = 'log-400k.parquet'): Promise<TrainingFigures> {
  return trainedBy(site, { declarationText: declarationText(training), data });
}

async function trainedBy({ folder }: Site, task: TrainingTask): Promise<TrainingFigures> {
  const program = resolve('bench/yardstick/training-process.ts');
  const { stdout } = await runProgram(
    resolve('node_modules/.bin/tsx'),
    [program, JSON.stringify({ ...task, data: join(folder, task.data) } satisfies TrainingTask)],
    '.',
  );
  return JSON.parse(stdout) as TrainingFigures;
}

/** What `train.py` prints. Its first two steps compile. */
function pythonFigures({ stdout }: ProgramRun): { seconds: number; rowsPerSecond: number; batchSize: number } {
  const found = /first two steps ([\d.]+)\), all ([\d.]+) s; step ([\d.]+)k rows\/s/.exec(stdout);
  const [compiling, all, thousands] = (found ?? []).slice(1).map(Number);
  if (compiling === undefined || all === undefined || thousands === undefined)
    throw new Error(`train.py printed ${JSON.stringify(stdout)}, expected its figures`);
  return { seconds: all - compiling, rowsPerSecond: 1000 * thousands, batchSize: 4096 };
}

async function writeNumbers({ folder }: Site, columns: number): Promise<string> {
  const name = `numbers-${columns}.parquet`;
  const path = join(folder, name);
  if (existsSync(path)) return name;
  const database = await openDatabase({ threads: 2, memoryLimitMiB: 4096, scratch: folder });
  try {
    const numbers = Array.from({ length: columns }, (_, i) => `random() AS n${i}`);
    await execute(
      database,
      `COPY (SELECT *, CAST(click = 1 AND random() < 0.1 AS TINYINT) AS conversion FROM (
         SELECT i AS "row", i // 20 AS request, CAST(random() < 0.1 AS TINYINT) AS click, ${numbers}
         FROM range(20000) AS t(i))) TO ${literal(path)} (FORMAT parquet)`,
    );
  } finally {
    await database.close();
  }
  return name;
}
