/** Logs and candidates of the paper's shape: 20 fields of 50,000 ids, half of them the user's, half the item's. */
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, execute, literal, openDatabase } from '../../lib/table/database.ts';

const FIELDS = 20;
const IDS = 50_000;
const USERS = 200_000;
const ITEMS = 50_000;
/** Impressions of a request, which are of one user. */
const REQUEST_ROWS = 20;
const CANDIDATES_A_USER = 100;
const LOG_ROWS = 2_000_000;
export const CANDIDATE_ROWS = 2_000_000;
/** Copies of the candidates that make the file whose scoring must not need more memory. */
const LARGE_COPIES = 10;

export const DECLARATION = 'entirespace.yaml';

/** The declaration, with other lines of its section `training` in place of one epoch, if any are given. */
export function declarationText(training = 'epochs: 1'): string {
  const fields = Array.from(
    { length: FIELDS },
    (_, i) => `  f${i}: { type: category, entity: ${i < FIELDS / 2 ? 'user' : 'item'}, ids: ${IDS} }`,
  );
  return `name: bench
stages:
  click: { label: click }
  conversion: { label: conversion }
log: { keys: [row], group: request }
split: { hash: request, validation: 0.05, test: 0.05 }
training: { batch_size: 4096, patience: null, ${training} }
features:
${fields.join('\n')}
`;
}

/** Writes the files that are not in the folder yet: the declaration, the logs and the candidates. */
export async function writeData(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, DECLARATION), declarationText());
  const files = filesOf(folder).filter(({ name }) => !existsSync(join(folder, name)));
  if (files.length === 0) return;
  const database = await openDatabase({ threads: 2, memoryLimitMiB: 4096, scratch: folder });
  try {
    await execute(database, entities('users', USERS, 0));
    await execute(database, entities('items', ITEMS, FIELDS / 2));
    for (const { name, rows } of files) await writeWhole(database, rows, join(folder, name));
  } finally {
    await database.close();
  }
}

/** In the order in which they are written: later ones are made of earlier ones. */
function filesOf(folder: string): readonly { readonly name: string; readonly rows: string }[] {
  const from = (name: string) => `read_parquet(${literal(join(folder, name))})`;
  const halfOf = (entity: string, first: number) =>
    names(first, FIELDS / 2)
      .map((name) => `${entity}.${name}`)
      .join(', ');
  const both = `${halfOf('users', 0)}, ${halfOf('items', FIELDS / 2)}`;
  const joined = (rows: string) =>
    `FROM (${rows}) AS i JOIN users ON users.id = i.user_id JOIN items ON items.id = i.item_id`;
  const log = `SELECT i AS "row", i // ${REQUEST_ROWS} AS request, ${pick(`i // ${REQUEST_ROWS}`, USERS, 1)} AS user_id, ${pick('i', ITEMS, 2)} AS item_id FROM range(${LOG_ROWS}) AS t(i)`;
  const grouped = `SELECT i AS "row", (i // ${CANDIDATES_A_USER}) * 7919 % ${USERS} AS user_id, ${pick('i', ITEMS, 3)} AS item_id FROM range(${CANDIDATE_ROWS}) AS t(i)`;
  const own = names(0, FIELDS).map((name, field) => `${zipf('i', field, 4)} AS ${name}`);
  return [
    { name: 'log.parquet', rows: labelled(`SELECT i."row", i.request, ${both} ${joined(log)}`) },
    {
      name: 'grouped.parquet',
      rows: `SELECT i."row", i.user_id, i.item_id, ${both} ${joined(grouped)} ORDER BY i."row"`,
    },
    {
      name: 'independent.parquet',
      rows: `SELECT i AS "row", ${own.join(', ')} FROM range(${CANDIDATE_ROWS}) AS t(i)`,
    },
    { name: 'log-400k.parquet', rows: `SELECT * FROM ${from('log.parquet')} LIMIT 400000` },
    { name: 'start.parquet', rows: `SELECT * FROM ${from('independent.parquet')} LIMIT 1` },
    { name: 'grouped.csv', rows: `SELECT * FROM ${from('grouped.parquet')}` },
    { name: 'independent.csv', rows: `SELECT * FROM ${from('independent.parquet')}` },
    {
      name: 'large.parquet',
      rows: `SELECT * REPLACE ("row" + ${CANDIDATE_ROWS} * copy AS "row") FROM range(${LARGE_COPIES}) AS t(copy), ${from('independent.parquet')}`,
    },
  ];
}

/** A table of entities with the values of their fields. */
function entities(table: string, count: number, firstField: number): string {
  const fields = names(firstField, FIELDS / 2).map((name, i) => `${zipf('id', firstField + i, 5)} AS ${name}`);
  return `CREATE TABLE ${table} AS SELECT id, ${fields.join(', ')} FROM range(${count}) AS t(id)`;
}

/** Clicks of 4% and, of those, conversions of 2%, by a logistic model with an effect of each id. */
function labelled(rows: string): string {
  const effect = (task: number) =>
    names(0, FIELDS)
      .map((name, field) => `0.97 * (${uniform(name, 100 * task + field)} - 0.5)`)
      .join(' + ');
  const drawn = (logit: string, salt: number) => `${uniform('"row"', salt)} < 1 / (1 + exp(-(${logit})))`;
  return `SELECT *, CAST(click = 1 AND ${drawn(`-4.94 + ${effect(2)}`, 7)} AS TINYINT) AS conversion FROM (
    SELECT *, CAST(${drawn(`-4.04 + ${effect(1)}`, 6)} AS TINYINT) AS click FROM (${rows})) ORDER BY "row"`;
}

/** An id that is skewed as Zipf's law says, and whose rank differs from field to field. */
function zipf(row: string, field: number, salt: number): string {
  return `CAST((floor(pow(${IDS}, ${uniform(row, 1000 * salt + field)})) * 7919 + ${field * 1009}) % ${IDS} AS INTEGER)`;
}

/** One of `count` entities, of which few are in many rows. */
function pick(row: string, count: number, salt: number): string {
  return `CAST(floor(${count} * pow(${uniform(row, salt)}, 5)) AS INTEGER)`;
}

function uniform(value: string, salt: number): string {
  return `(hash(${value}, ${salt}) / 18446744073709551616.0)`;
}

function names(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `f${first + i}`);
}

/** A file that is interrupted while it is written leaves nothing under its name. */
async function writeWhole(database: Database, rows: string, path: string): Promise<void> {
  const format = path.endsWith('.csv') ? 'FORMAT csv' : 'FORMAT parquet';
  await execute(database, `COPY (${rows}) TO ${literal(`${path}.part`)} (${format})`);
  await rename(`${path}.part`, path);
}
