/**
 * Trains embedding tables of more rows than the kernels' memory has room for, from a log to a model that has scored its
 * held-out rows: 20 fields of 18 dimensions, most of whose rows are in one table.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Declaration } from '../lib/config/declaration.ts';
import { parseDeclaration } from '../lib/config/parse-declaration.ts';
import { byteText, count, countOf, secondsText } from '../lib/numbers/text.ts';
import { type Database, execute, literal } from '../lib/table/database.ts';
import { train } from '../lib/training/train.ts';
import { peakMemory } from './training.ts';

/** Settings of the benchmark. */
export interface LargeTablesBench {
  readonly database: Database;
  readonly threads: number;
  readonly scratch: string;
  /** Rows of the log. */
  readonly rows: number;
  /** Rows of all tables together. */
  readonly ids: number;
}

const FIELDS = 20;
/** The default of a declaration. */
const DIMENSION = 18;
/** Share of the rows of all tables that one of them has, as that of the users of a large site. */
const LARGEST_SHARE = 0.81;

/** Writes a log whose ids are uniform over all rows of the tables, trains one epoch on it, and prints the figures. */
export async function benchLargeTables({ database, threads, scratch, rows, ids }: LargeTablesBench): Promise<void> {
  const sizes = Array.from({ length: FIELDS }, (_, field) =>
    Math.floor(ids * (field === 0 ? LARGEST_SHARE : (1 - LARGEST_SHARE) / (FIELDS - 1))),
  );
  const all = sizes.reduce((sum, size) => sum + size, 0);
  console.log(
    `${count(all)} rows of ${DIMENSION} dimensions in ${FIELDS} tables, ${count(sizes[0] as number)} in one of them`,
  );
  const path = join(scratch, 'large-tables.parquet');
  await writeLog(database, path, { rows, sizes });
  const folder = join(scratch, 'training');
  await mkdir(folder);
  const { user, system } = process.cpuUsage();
  const trained = await train({
    declaration: declarationOf(sizes),
    declarationText: '',
    dataPath: path,
    scratch: folder,
    threads,
    memoryLimitMiB: 1024,
    onEpoch: ({ trainLoss, validationLoss, seconds }, done) =>
      console.log(
        `epoch of ${countOf(done, 'row')} with its validation in ${secondsText(seconds)} (${count(done / seconds)} rows/s): loss ${trainLoss.toFixed(4)}, on held-out rows ${validationLoss?.toFixed(4)}; ${peakMemory()}`,
      ),
  });
  const cpu = process.cpuUsage({ user, system });
  console.log(
    `trained, exported (${byteText(4 * DIMENSION * all)} of embeddings) and evaluated in ${secondsText(trained.seconds)}, ${secondsText((cpu.user + cpu.system) / 1e6)} of processor time, ${peakMemory()}`,
  );
}

function declarationOf(sizes: readonly number[]): Declaration {
  const fields = sizes.map(
    (size, field) => `  f${field}: { type: category, entity: ${field < FIELDS / 2 ? 'user' : 'item'}, ids: ${size} }`,
  );
  return parseDeclaration(
    `name: large-tables
stages:
  click: { label: click }
  conversion: { label: conversion }
log: { keys: [row] }
split: { hash: row, validation: 0.02, test: 0.02 }
training: { batch_size: 4096, epochs: 1, patience: null, optimizer: rowwise_adagrad, learning_rate: 0.02 }
features:
${fields.join('\n')}
`,
    'large-tables',
  );
}

interface Log {
  readonly rows: number;
  readonly sizes: readonly number[];
}

async function writeLog(database: Database, path: string, { rows, sizes }: Log): Promise<void> {
  const uniform = (salt: number) => `(md5_number_lower(concat(i, ':', ${salt})) / 18446744073709551616.0)`;
  const ids = sizes.map(
    (size, field) => `least(floor(${size} * ${uniform(field)}), ${size - 1})::INTEGER AS f${field}`,
  );
  const labels = `(${uniform(100)} < 0.05)::TINYINT AS click, (${uniform(100)} < 0.05 * 0.1)::TINYINT AS conversion`;
  await execute(
    database,
    `COPY (SELECT i AS row, ${ids.join(', ')}, ${labels} FROM range(${rows}) AS t(i)) TO ${literal(path)} (FORMAT parquet)`,
  );
}
