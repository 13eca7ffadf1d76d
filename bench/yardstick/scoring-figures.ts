/** Files scored by the command: beside Python, as CSV, with a model that must be opened first, and of many rows. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PREFIXES } from '../../lib/contract/bucket.ts';
import { CANDIDATE_ROWS, DECLARATION } from './data.ts';
import { type ProgramRun, runCommand } from './processes.ts';
import { median, outcomeText, sideBySide, spreadText } from './side-by-side.ts';
import type { Site } from './yardstick.ts';

const BUCKET = 'scoring-bucket';

type Candidates = 'grouped' | 'independent';

/** Seconds of the command beside those of a program with pyarrow and onnxruntime. */
export async function scoreBesidePython(site: Site, candidates: Candidates, wanted: number): Promise<string> {
  const { folder, rounds, python } = site;
  const model = await modelOf(site);
  const file = `${candidates}.parquet`;
  const outcome = await sideBySide({
    rounds,
    product: async () => (await score(site, file)).seconds,
    python: python && (async () => (await python('score.py', [file, model], folder)).seconds),
  });
  const rate = (CANDIDATE_ROWS / median(outcome.product) / 1000).toFixed(0);
  return `${outcomeText(outcome, wanted)}, ${rate}k rows/s`;
}

/** Seconds of a CSV file beside those of the Parquet file with the same rows. */
export async function scoreCsv(site: Site, candidates: Candidates): Promise<string> {
  await modelOf(site);
  const csv: number[] = [];
  const parquet: number[] = [];
  for (let round = 0; round < site.rounds; round++) {
    csv.push((await score(site, `${candidates}.csv`)).seconds);
    parquet.push((await score(site, `${candidates}.parquet`)).seconds);
  }
  const share = median(parquet) / median(csv);
  return `CSV ${spreadText(csv, 's')}, Parquet ${spreadText(parquet, 's')}, share of Parquet's rate ${share.toFixed(2)} (wanted 0.5)`;
}

/** Seconds of the command on a file of one row: its start, and all that it does around the rows. */
export async function start(site: Site): Promise<string> {
  await modelOf(site);
  const seconds: number[] = [];
  for (let round = 0; round < 3 * site.rounds; round++) seconds.push((await score(site, 'start.parquet')).seconds);
  return `a file of one row, start to end: ${spreadText(seconds, 's')} (wanted below 1.0 to the first scored row)`;
}

/** Peak memory of the command on ten times the rows. */
export async function scoringMemory(site: Site): Promise<string> {
  await modelOf(site);
  const { seconds, peakMb } = await score(site, 'large.parquet');
  return `20,000,000 rows: ${peakMb.toFixed(0)} MB (wanted at most 700) in ${seconds.toFixed(1)} s`;
}

/** Scores a file in a bucket that has a model and nothing else. */
async function score({ folder }: Site, file: string): Promise<ProgramRun> {
  const bucket = join(folder, BUCKET);
  for (const entry of await readdir(bucket))
    if (`${entry}/` !== PREFIXES.models) await rm(join(bucket, entry), { recursive: true });
  return runCommand(['score', file, '--bucket', BUCKET], folder);
}

/** Path of the `model.onnx` that files are scored with; it is trained where it is not there yet. */
async function modelOf({ folder }: Site): Promise<string> {
  const models = join(folder, BUCKET, PREFIXES.models, 'bench');
  if (!existsSync(join(models, 'current.json'))) {
    await mkdir(join(folder, BUCKET), { recursive: true });
    await runCommand(['train', DECLARATION, '--data', 'log.parquet', '--bucket', BUCKET], folder);
  }
  const version = (await readdir(models)).find((name) => /^\d/.test(name));
  return join(models, version ?? '', 'model.onnx');
}
