/** A bench on a small log, and competitors that are not trained: their scores follow from labels and random numbers. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { CompareOptions } from '../../lib/compare/compare.ts';
import type { Competitor } from '../../lib/compare/competitor.ts';
import { comparedDeclaration } from '../../lib/compare/protocol.ts';
import type { Bench } from '../../lib/compare/runs/bench.ts';
import { type BenchOptions, type OpenBench, openBench } from '../../lib/compare/runs/open-bench.ts';
import type { RunScores, Settings } from '../../lib/compare/runs/run.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { randomStream } from '../../lib/numbers/random.ts';
import { readOutcomes } from '../../lib/table/check/outcomes.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { DECLARATION, logText } from '../bin/small-log.ts';

/** How the fakes are compared, where a test does not say otherwise. */
export const OPTIONS = {
  declarationSha256: 'abc',
  seeds: 3,
  trials: 1,
  by: 'ctcvr_auc_own',
  against: 'esmm',
  shares: [],
  atOnce: 2,
  leftOut: [],
  onRun: () => undefined,
  onDamage: () => undefined,
} as const satisfies Omit<CompareOptions, 'folder'>;

export interface SmallLog {
  readonly declaration?: string;
  readonly text?: string;
  readonly options?: Pick<BenchOptions, 'memoryBytes' | 'onWait'>;
}

/** Runs work with a bench on a log, and a folder for records. The shared CTR network is a fake, too. */
export async function withBench<T>(
  { declaration: text = DECLARATION, text: log = logText(3000), options: own = {} }: SmallLog,
  work: (bench: OpenBench, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'entirespace-compare-'));
  try {
    await writeFile(join(folder, 'log.csv'), log);
    await mkdir(join(folder, 'scratch'));
    const declaration = comparedDeclaration(parseDeclaration(text, 'shop.yaml'));
    const scratch = join(folder, 'scratch');
    const options = { declaration, dataPath: 'log.csv', cwd: folder, threads: 1, memoryLimitMiB: 512, scratch };
    return await withLog(options, async (opened) => {
      const bench = await openBench(opened, { scratch, signal: new AbortController().signal, ...own });
      try {
        const trainSharedCtr: Bench['trainSharedCtr'] = ({ seed }) =>
          fakeScores(bench, { name: 'shared', skill: 0.5, seed });
        return await work({ ...bench, trainSharedCtr }, join(folder, 'runs'));
      } finally {
        await bench.close();
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A bench on the small log for all tests of a file, and folders for their records. */
export function smallBench() {
  let opened: { readonly bench: OpenBench; readonly folder: string };
  let close: () => void;
  let closed: Promise<void>;
  let folders = 0;
  beforeAll(
    () =>
      new Promise<void>((ready, fail) => {
        closed = withBench({}, (bench, folder) => {
          opened = { bench, folder };
          ready();
          return new Promise<void>((end) => {
            close = end;
          });
        });
        closed.catch(fail);
      }),
  );
  afterAll(() => {
    close();
    return closed;
  });
  return { bench: () => opened.bench, newFolder: () => join(opened.folder, String(++folders)) };
}

export interface Fake {
  readonly name: string;
  /** How much of a label the scores know, from 0. */
  readonly skill: number;
  readonly isOnChosenRows?: boolean;
  readonly isForComparisonOnly?: boolean;
  readonly trials?: readonly Settings[];
  /** Seeds in which it cannot be trained. */
  readonly fails?: readonly number[];
  /** Told of each training. */
  readonly onRun?: (seed: number) => void;
}

/** A competitor whose skill is that of its settings, if they have one. */
export function fake({
  name,
  skill,
  isOnChosenRows = false,
  isForComparisonOnly = false,
  trials = [{}],
  fails = [],
  onRun,
}: Fake): Competitor {
  return {
    name,
    isForComparisonOnly,
    trials: (count) => trials.slice(0, count),
    identity: (settings) => `${name} ${JSON.stringify(settings)}`,
    async run({ settings, seed, share }, bench) {
      onRun?.(seed);
      if (fails.includes(seed))
        throw Object.assign(new Error('training diverged: loss got NaN'), { name: 'DivergedLossError' });
      const own = Number(settings['model.rate'] ?? skill) * share;
      const scores = await fakeScores(bench, { name, skill: own, seed });
      return { ...scores, facts: { ...scores.facts, isOnChosenRows } };
    },
  };
}

async function fakeScores(
  { opened: { database, log } }: Bench,
  { name, skill, seed }: { readonly name: string; readonly skill: number; readonly seed: number },
): Promise<RunScores> {
  const part = async (of: 'validation' | 'test') => {
    const { labels } = await readOutcomes(database, log, [of]);
    const random = randomStream(seed, `${name}/${of}`);
    // The noise of a row is the same with every seed, but for a little.
    const noise = randomStream(1, of);
    const scoresOf = (stage: string, place: number) =>
      Float32Array.from(labels[stage] as Int8Array, (label, row) => {
        const draw = 0.9 * noise.uniform(2 * row + place) + 0.1 * random.uniform(2 * row + place);
        return 0.01 + (0.4 * (draw + skill * Math.max(0, label))) / (1 + skill);
      });
    const [pctr, pcvr] = [scoresOf('click', 0), scoresOf('conversion', 1)];
    return { pctr, pcvr, pctcvr: pctr.map((value, row) => value * (pcvr[row] as number)) };
  };
  return {
    validation: await part('validation'),
    test: await part('test'),
    facts: { isCalibrated: true, isOnChosenRows: false, networks: [{ name: null, bestEpoch: 1, epochs: 1 }] },
  };
}
