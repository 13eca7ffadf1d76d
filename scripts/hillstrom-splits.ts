/**
 * Trains the Hillstrom example on split seeds 1, 2, ... and evaluates each model on the test half of its split. Only
 * the seed of the split differs from the declaration.
 *
 *     tsx scripts/hillstrom-splits.ts [splits, 10 if left out]
 *
 * Prints a table in Markdown: AUC, log loss and PCOC of CTR on all rows, CVR on clicked rows and CTCVR on all rows,
 * with their means and standard deviations over the splits.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { withScratch } from '../bin/scratch.ts';
import type { Declaration } from '../lib/config/declaration.ts';
import { readDeclaration } from '../lib/config/parse-declaration.ts';
import type { Metric } from '../lib/evaluation/metric.ts';
import { train } from '../lib/training/train.ts';

const EXAMPLE = fileURLToPath(new URL('../examples/hillstrom/', import.meta.url));
const COLUMNS = ['CTR', 'CVR', 'CTCVR'].flatMap((task) => [`${task} AUC`, 'log loss', 'PCOC']);

const [argument = '10'] = process.argv.slice(2);
const splits = Number(argument);
if (!Number.isInteger(splits) || splits < 2)
  throw new RangeError(`splits must be a whole number above 1, got ${argument}`);

const { declaration, text } = await readDeclaration(`${EXAMPLE}entirespace.yaml`);
printLine(['split', ...COLUMNS, 'best epoch', 'seconds']);
printLine(Array.from({ length: COLUMNS.length + 3 }, () => '---:'));
const measured: number[][] = [];
for (let seed = 1; seed <= splits; seed++) {
  const { values, bestEpochs, seconds } = await measureSplit(withSplitSeed(declaration, seed));
  measured.push(values);
  printLine([String(seed), ...values.map(formatValue), bestEpochs, seconds.toFixed(1)]);
}
const byColumn = COLUMNS.map((_, column) => measured.map((values) => values[column] ?? Number.NaN));
printLine(['mean', ...byColumn.map((values) => formatValue(mean(values))), '', '']);
printLine(['standard deviation', ...byColumn.map((values) => formatValue(standardDeviation(values))), '', '']);

function withSplitSeed(declared: Declaration, seed: number): Declaration {
  const { split } = declared;
  if (split.by !== 'hash')
    throw new TypeError(`split of ${declared.name}: got one by ${split.by}, expected one by hash`);
  return { ...declared, split: { ...split, seed } };
}

/** Trains on a split, and returns the AUC, log loss and PCOC of each task on the test part, task by task. */
async function measureSplit(split: Declaration): Promise<{ values: number[]; bestEpochs: string; seconds: number }> {
  return withScratch(process, async (scratch) => {
    const { metrics, networks, seconds } = await train({
      declaration: split,
      declarationText: text,
      dataPath: `${EXAMPLE}hillstrom.parquet`,
      scratch,
      threads: availableParallelism(),
      memoryLimitMiB: 1024,
    });
    const values = metrics.tasks.flatMap(({ auc, logLoss, pcoc }) => [auc, logLoss, pcoc].map(definedValue));
    return { values, bestEpochs: networks.map(({ bestEpoch }) => bestEpoch).join(' and '), seconds };
  });
}

function definedValue(metric: Metric): number {
  if (metric.value === null) throw new Error(`a metric of the test half is undefined: ${metric.reason}`);
  return metric.value;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardDeviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

function formatValue(value: number): string {
  return value.toFixed(5);
}

function printLine(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}
