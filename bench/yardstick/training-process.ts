/**
 * Trains in a process of its own, so that its peak of memory is its own, and prints what each part took as JSON. Its
 * argument is a `TrainingTask` as JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { writeReport } from '../../lib/report/report.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { LARGEST_DEFAULT_BATCH } from '../../lib/training/rows/batch-size.ts';
import { trainOn } from '../../lib/training/train.ts';

/** What is trained. */
export interface TrainingTask {
  readonly declarationText: string;
  /** Path of the log. */
  readonly data: string;
}

/** What it took. */
export interface TrainingFigures {
  /** From opening the log to the first step of training. */
  readonly secondsBefore: number;
  /** Median time of a step. */
  readonly stepSeconds: number;
  readonly batchSize: number;
  /** From the first to the last step of the first epoch. */
  readonly epochSeconds: number;
  /** To write `report.html`. */
  readonly reportSeconds: number;
  readonly rows: number;
  readonly heldOutRows: number;
}

const { declarationText, data } = JSON.parse(process.argv[2] ?? '') as TrainingTask;
const declaration = parseDeclaration(declarationText, 'bench');
const threads = availableParallelism();
const scratch = await mkdtemp(join(tmpdir(), 'entirespace-bench-'));
const ends: number[] = [];
try {
  const work = { scratch, threads, declarationText };
  const log = { declaration, dataPath: data, scratch, threads, memoryLimitMiB: 2048 };
  await withLog(log, async (opened) => {
    const run = await trainOn(opened, {
      ...work,
      onProgress: ({ phase }) => phase === 'train' && ends.push(performance.now()),
    });
    const before = performance.now();
    await writeReport({
      ...run,
      ...work,
      declaration,
      decided: null,
      monitoring: null,
      at: new Date(),
      began: opened.began,
      hourlyUsd: null,
      onReportProblem(error) {
        throw error;
      },
    });
    const reportSeconds = (performance.now() - before) / 1000;
    const steps = ends.slice(1).map((end, i) => (end - (ends[i] as number)) / 1000);
    const stepSeconds = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? Number.NaN;
    const { rows, parts } = run.trained.summary;
    const figures: TrainingFigures = {
      // Progress is told after each step.
      secondsBefore: ((ends[0] ?? Number.NaN) - opened.began) / 1000 - stepSeconds,
      stepSeconds,
      batchSize: declaration.training.batchSize ?? LARGEST_DEFAULT_BATCH,
      epochSeconds: ((ends.at(-1) ?? Number.NaN) - (ends[0] ?? Number.NaN)) / 1000 + stepSeconds,
      reportSeconds,
      rows,
      heldOutRows: parts.test.rows,
    };
    console.log(JSON.stringify(figures));
  });
} finally {
  await rm(scratch, { recursive: true, force: true });
}
