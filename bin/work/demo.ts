import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Declaration } from '../../lib/config/declaration.ts';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { PREFIXES, scoresFolder } from '../../lib/contract/bucket.ts';
import { formatMetricsTable } from '../../lib/evaluation/metrics-table.ts';
import type { Store } from '../../lib/store/store.ts';
import { checkLog } from '../../lib/table/check/log.ts';
import { writeCandidates, writeWithRowNumbers } from '../../lib/table/check/rewrite.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { readRows } from '../../lib/table/source/read-rows.ts';
import { openSource } from '../../lib/table/source/source.ts';
import { bucketFolder, openBucket } from '../bucket.ts';
import { EXIT_CODES, type ExitCode } from '../exit.ts';
import { formatDecision } from '../gate-text.ts';
import { type LocalOptions, withScoring } from '../local-scoring.ts';
import { formatLogSummary, formatRows } from '../report-text.ts';
import { printResults } from '../scoring-results.ts';
import { withScratch } from '../scratch.ts';
import { trainAndPublish } from './train.ts';
import { inspectLog } from './validate.ts';

export interface DemoOptions extends LocalOptions {
  readonly data?: string;
}

const EXAMPLE = join(packageRoot(), 'examples', 'hillstrom');

/** Runs every step on the example and prints what it does. */
export async function demo(options: DemoOptions, signal: AbortSignal): Promise<ExitCode> {
  const started = performance.now();
  const declarationPath = join(EXAMPLE, 'entirespace.yaml');
  const { declaration } = await readDeclaration(declarationPath);
  const store = await openBucket(options.bucket, 'create');
  return withScratch(async (scratch) => {
    const data = await numberedData(options, scratch);
    step('1 validate', `${shortPath(declarationPath)} over ${shortPath(data)}`);
    const { summary } = await inspectLog(declaration, data, options, signal);
    print(formatLogSummary({ ...summary, source: shortPath(summary.source) }));

    step('2 train', `${declaration.model.type}, at most ${declaration.training.epochs} epochs of the training half`);
    const train = { ...options, declaration: declarationPath, data, promote: true, json: false };
    const { name, version, trained, decision } = await trainAndPublish(train, signal);
    print(
      `${trained.epochs.length} epochs in ${trained.seconds.toFixed(1)} s, the best is epoch ${trained.bestEpoch}; published ${name} ${version}`,
    );

    // In a bucket of its own the demo's model is the first, and nothing is refused.
    if (decision?.verdict === 'refused') print(formatDecision(decision));

    step('3 evaluate', 'on the held-out half');
    print(formatMetricsTable(trained.metrics));

    step('4 score', `the held-out half as candidates, dropped in ${options.bucket}/${PREFIXES.candidates}`);
    const keys = await dropCandidates(store, declaration, data, options, scratch);
    const results = await withScoring(store, { ...options, model: name }, { signal, isSilent: false }, (score) =>
      score(keys),
    );
    const code = printResults(results, { ...options, json: false }, signal);
    if (code !== EXIT_CODES.success) return code;

    const folder = scoresFolder(keys[0] as string);
    const root = bucketFolder(store);
    if (root !== null) {
      step('5 scores', `the first three rows of ${options.bucket}/${folder}`);
      print(await firstRows(join(root, folder), options, scratch));
    }
    print(
      `\n${((performance.now() - started) / 1000).toFixed(1)} s in all. The scores are in ${options.bucket}/scores/, the model and its report in ${options.bucket}/models/${name}/${version}/.`,
    );
    return EXIT_CODES.success;
  });
}

/** The data with a column `row`; the campaign's file as it was published has none. */
async function numberedData({ data, threads, memory }: DemoOptions, scratch: string): Promise<string> {
  if (data === undefined) return join(EXAMPLE, 'hillstrom.parquet');
  const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
  try {
    const source = await openSource(database, data);
    if (source.columns.some(({ name }) => name === 'row')) return data;
    const path = join(scratch, 'numbered.parquet');
    await writeWithRowNumbers(database, source, path);
    return path;
  } finally {
    await database.close();
  }
}

/** The held-out rows as two files of candidates, one Parquet and one CSV, put where an upload would put them. */
async function dropCandidates(
  store: Store,
  declaration: Declaration,
  data: string,
  { threads, memory }: DemoOptions,
  scratch: string,
): Promise<string[]> {
  const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
  try {
    const log = await checkLog(database, await openSource(database, data), declaration);
    const keys: string[] = [];
    for (const [from, name] of ['even-rows.parquet', 'odd-rows.csv'].entries()) {
      const path = join(scratch, name);
      await writeCandidates(database, log, { path, part: 'test', every: 2, from });
      const key = `${PREFIXES.candidates}hillstrom/${name}`;
      await store.putFile(key, path);
      keys.push(key);
    }
    return keys;
  } finally {
    await database.close();
  }
}

async function firstRows(folder: string, { threads, memory }: DemoOptions, scratch: string): Promise<string> {
  const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
  try {
    return formatRows(await readRows(database, folder, 3));
  } finally {
    await database.close();
  }
}

function step(title: string, what: string): void {
  process.stdout.write(`\n${title}: ${what}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function shortPath(path: string): string {
  const inside = resolve(path).startsWith(`${packageRoot()}/`);
  return inside ? resolve(path).slice(packageRoot().length + 1) : path;
}

/** The folder of this package, whether it runs from `bin/` or from `dist/`. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
