/**
 * Measures the product beside what a Python user would write: two programs of twenty lines, `score.py` with pyarrow and
 * onnxruntime, and `train.py` with pyarrow and PyTorch. Runs alternate; times are medians.
 */
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { benchAws } from '../aws.ts';
import { writeData } from './data.ts';
import { findPython, type Python } from './python.ts';
import { scoreBesidePython, scoreCsv, scoringMemory, start } from './scoring-figures.ts';
import {
  dropout,
  firstStep,
  report,
  reportOfColumns,
  step,
  trainBesidePython,
  trainingMemory,
} from './training-figures.ts';

/** Where and how figures are measured. */
export interface Site {
  /** Absolute, with the data. It stays, so that the next run has it. */
  readonly folder: string;
  readonly rounds: number;
  readonly python: Python | null;
}

/** Every figure by its name, in the order in which they are measured. */
const FIGURES: Readonly<Record<string, (site: Site) => Promise<string>>> = {
  start,
  grouped: (site) => scoreBesidePython(site, 'grouped', 2),
  independent: (site) => scoreBesidePython(site, 'independent', 1.05),
  'grouped-csv': (site) => scoreCsv(site, 'grouped'),
  'independent-csv': (site) => scoreCsv(site, 'independent'),
  'scoring-memory': scoringMemory,
  handlers: ({ folder }) => benchAws({ scratch: folder, emulator: 'localstack', parts: ['large', 'small'] }),
  'cold-start': ({ folder }) => benchAws({ scratch: folder, emulator: 'localstack', parts: ['cold'] }),
  train: trainBesidePython,
  'training-memory': trainingMemory,
  'first-step': firstStep,
  'step-rows': (site) => step(site, 'rows', 1.1),
  'step-requests': (site) => step(site, 'groups', 1.6),
  dropout,
  report,
  'report-columns': reportOfColumns,
};

export interface YardstickOptions {
  /** Names of the figures, with commas between them. @default all */
  readonly figures: string | undefined;
  readonly rounds: number;
  /** A Python that has what the programs need. @default that of `.venv-bench`, where it is there */
  readonly python: string | undefined;
  /** Whether `.venv-bench` is made. */
  readonly installsPython: boolean;
}

/** Measures, and prints a line for each figure; one that cannot be measured says why. */
export async function benchYardstick({ figures, rounds, python, installsPython }: YardstickOptions): Promise<void> {
  const names = figures?.split(',') ?? Object.keys(FIGURES);
  const unknown = names.filter((name) => !Object.hasOwn(FIGURES, name));
  if (unknown.length > 0)
    throw new RangeError(`--figures: got ${unknown.join(', ')}, expected of ${Object.keys(FIGURES).join(', ')}`);
  const site: Site = {
    folder: resolve('.entirespace/yardstick'),
    rounds,
    python: findPython(python, installsPython),
  };
  await writeData(site.folder);
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} threads, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, medians of ${rounds} (least to most); ratio: Python seconds / product seconds`,
  );
  if (site.python === null)
    console.log('Python: NOT RUN, only the product is measured (--install-python makes .venv-bench for it)');
  for (const name of names) {
    const result = await FIGURES[name]?.(site).catch((error: Error) => `NOT RUN: ${error.message}`);
    console.log(`${name}: ${result}`);
  }
}
