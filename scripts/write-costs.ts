/** Writes what costs and how long it takes, in `docs/operate.md` and `README.md`: from prices, rates and the template. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { MONITORING_TASK, TRAINING_TASK } from '../lib/contract/limits.ts';
import { count } from '../lib/numbers/text.ts';
import { BatchScoring } from '../lib/stack/batch-scoring.ts';
import {
  costOfRows,
  costOfStart,
  type IdleItem,
  idleCost,
  PRICES,
  type TaskSize,
  taskHour,
  timeOfRows,
} from '../lib/stack/prices.ts';
import { RATES } from '../lib/stack/rates.ts';

const DOCUMENT = 'docs/operate.md';
const SECTION = /<!-- costs -->[\s\S]*<!-- \/costs -->/;
const README = 'README.md';
const SENTENCE = /a\nbillion rows in [^;]*; an idle month costs [\d.]* USD\./;
const { rowsPerSecond } = RATES;
const AT_A_TIME = [10, 100, 1000] as const;
/** The verdict is to act, and no run. */
const MONITORING_ALARMS = 2;

const CASES = [
  { rows: 1e6, files: 1 },
  { rows: 1e7, files: 10_000 },
  { rows: 1e7, files: 10 },
  { rows: 1e8, files: 100 },
  { rows: 1e9, files: 1000 },
] as const;

/** Returns the section of the document between its marks, marks included. */
export function costSection(): string {
  return [
    '<!-- costs -->',
    `USD, list prices of ${PRICES.region} as of ${PRICES.asOf} without the free tier: check them before you rely on them.`,
    `Rows, at ${count(rowsPerSecond)} a second for one function of 3,008 MiB (half of what two cores score here, not measured on Lambda; the dashboard shows yours):`,
    '',
    `| rows | files | Lambda | S3 requests | SQS | events | logs | together | ${AT_A_TIME.map((n) => `${count(n)} at a time`).join(' | ')} |`,
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...CASES.map(rowOf),
    '',
    `The time is that of what binds first: for the last row ${bindings()}.`,
    '',
    'A month in which nothing arrives, storage aside (S3 asks 0.023 a GB):',
    '',
    '| what | a month |',
    '|---|---|',
    ...idleRows(),
    '',
    trainingLine(),
    monitoringLine(),
    '<!-- /costs -->',
  ].join('\n');
}

function rowOf({ rows, files }: (typeof CASES)[number]): string {
  const { lambda, s3, sqs, events, logs, total } = costOfRows({ rows, files, rowsPerSecond });
  const times = AT_A_TIME.map((n) => duration(timeOfRows({ rows, files, rowsPerSecond }, n).seconds));
  return `| ${[count(rows), count(files), ...[lambda, s3, sqs, events, logs, total].map(dollars), ...times].join(' | ')} |`;
}

/** Returns which limit binds in the largest case, for each number of functions that score at a time. */
function bindings(): string {
  const size = { ...CASES[4], rowsPerSecond };
  return AT_A_TIME.map((n) => `the ${timeOfRows(size, n).binding} at ${count(n)}`).join(', ');
}

/** Returns the sentence of the README about the largest case. */
export function costSentence(): string {
  const size = { ...CASES[4], rowsPerSecond };
  const minutes = Math.ceil(timeOfRows(size, AT_A_TIME[0]).seconds / 60);
  const idle = idleItems().reduce((sum, { perMonth }) => sum + perMonth, 0);
  return `a\nbillion rows in 1,000 files cost about ${dollars(costOfRows(size).total)} USD and take ${minutes} minutes with ten functions; an idle month costs ${dollars(idle)} USD.`;
}

function idleRows(): string[] {
  const items = idleItems();
  const total = items.reduce((sum, { perMonth }) => sum + perMonth, 0);
  return [...items, { what: 'together', perMonth: total }].map(
    ({ what, perMonth }) => `| ${what} | ${dollars(perMonth)} |`,
  );
}

function idleItems(): IdleItem[] {
  const folder = mkdtempSync(join(tmpdir(), 'costs-'));
  try {
    const stack = new Stack(new App({ outdir: folder }), 'Stack');
    // Only the resources of the template are used, so any folder can stand for the asset.
    new BatchScoring(stack, 'BatchScoring', { modelName: 'shop', assetFolder: 'lib/asset/lambda' });
    return idleCost(Template.fromStack(stack).toJSON() as Parameters<typeof idleCost>[0]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the cost of a month of nightly training runs of an hour each, with the default size of a task. */
function trainingLine(): string {
  return `Retraining for an hour every night, on 4 vCPU and 16 GiB: ${monthOfRuns(TRAINING_TASK, 1)}.`;
}

/** Returns the cost of a month of daily runs of monitoring of ten minutes each, with its alarms. */
function monitoringLine(): string {
  const alarms = dollars(MONITORING_ALARMS * PRICES.cloudWatch.alarmMonth);
  return `Monitoring for ten minutes every day, on 2 vCPU and 8 GiB: ${monthOfRuns(MONITORING_TASK, 1 / 6)}, and ${alarms} for its alarms.`;
}

function monthOfRuns(size: TaskSize, hours: number): string {
  const month = (share: number) => dollars(30 * (share * hours * taskHour(size) + costOfStart()));
  const { least, most } = PRICES.fargate.spotShare;
  return `${month(1)} a month on demand, ${month(least)} to ${month(most)} on Spot`;
}

function duration(seconds: number): string {
  return seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

function dollars(amount: number): string {
  return amount < 0.01 ? amount.toFixed(4) : amount.toFixed(2);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(DOCUMENT, readFileSync(DOCUMENT, 'utf8').replace(SECTION, costSection()));
  writeFileSync(README, readFileSync(README, 'utf8').replace(SENTENCE, costSentence()));
}
