/** A published model of 26 features whose users and items have tables, to measure requests. */
import { join } from 'node:path';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../lib/registry/current.ts';
import { publishFeatures } from '../../lib/scoring/rows/publish-features.ts';
import type { Store } from '../../lib/store/store.ts';
import { checkEntityTable } from '../../lib/table/candidates/entity-table.ts';
import { type Database, execute, literal } from '../../lib/table/database.ts';
import { train } from '../../lib/training/train.ts';
import { publishTrained } from '../../training/publish-trained.ts';

/** Ids of the item, and of what the user's behaviour was about. */
const ITEM_IDS = { product: 1_000_000, seller: 10_240, brand: 10_240, category: 10_240, leaf: 100 } as const;
const NAMES = Object.keys(ITEM_IDS) as (keyof typeof ITEM_IDS)[];
const NUMBERS = 11;
const LOG_ROWS = 20_000;

const lines = [
  ...NAMES.map((name) => `  ${name}: { type: category, entity: item, embedding: ${name}s }`),
  ...NAMES.map(
    (name) =>
      `  viewed_${name}: { type: bag, entity: user, embedding: ${name}s, delimiter: '|', weights: weight_${name}, max_length: 20, combiner: sum }`,
  ),
  ...Array.from({ length: NUMBERS }, (_, i) => `  item_number${i}: { type: number, entity: item }`),
  '  user_age: { type: number, entity: user }',
  '  user_city: { type: category, entity: user, hash: 1000, dimension: 10 }',
  '  hour: { type: category, entity: context, ids: 24, dimension: 4 }',
  '  device: { type: category, entity: context, hash: 50, dimension: 4 }',
  '  distance: { type: number, entity: context, log1p: true }',
];
export const DECLARATION = `name: bench
stages: { click: { label: click }, conversion: { label: conversion } }
log: { keys: [row] }
split: { hash: row, validation: 0.05, test: 0.05 }
entities: { user: { key: user_id }, item: { key: item_id } }
embeddings:
${NAMES.map((name) => `  ${name}s: { dimension: ${name === 'leaf' ? 10 : name === 'product' ? 64 : 32}, hash: ${ITEM_IDS[name]} }`).join('\n')}
features:
${lines.join('\n')}
model: { hidden_units: [200, 80] }
training: { batch_size: 1024, epochs: 1, patience: null }
`;

/** Publishes the model, and tables of so many users and items. */
export async function publishShop(
  { store, database, scratch }: { readonly store: Store; readonly database: Database; readonly scratch: string },
  { users, items }: { readonly users: number; readonly items: number },
): Promise<void> {
  const declaration = parseDeclaration(DECLARATION, 'bench');
  const paths = {
    log: join(scratch, 'log.parquet'),
    user: join(scratch, 'user.parquet'),
    item: join(scratch, 'item.parquet'),
  };
  const write = (path: string, rows: string) =>
    execute(database, `COPY (${rows}) TO ${literal(path)} (FORMAT parquet)`);
  await write(paths.user, usersSql(users));
  await write(paths.item, itemsSql(items));
  await write(
    paths.log,
    `SELECT i AS row, u.*, t.*, i % 24 AS hour, 'device ' || i % 7 AS device, i % 97 / 3.0 AS distance,
       CAST(hash(i) % 5 = 0 AS TINYINT) AS click, CAST(hash(i) % 25 = 0 AS TINYINT) AS conversion
     FROM range(${LOG_ROWS}) AS log(i) JOIN read_parquet(${literal(paths.user)}) u ON u.user_id = hash(i * 7) % ${users}
     JOIN read_parquet(${literal(paths.item)}) t ON t.item_id = 'item-' || hash(i * 11) % ${items}`,
  );
  const trained = await train({
    declaration,
    declarationText: DECLARATION,
    dataPath: paths.log,
    scratch,
    threads: 2,
    memoryLimitMiB: 2048,
  });
  const version = await publishTrained(store, declaration, trained, { threads: 2, at: new Date() });
  await promoteVersion(store, declaration.name, version, { reason: 'bench', at: new Date() });
  const dependencies = { store, newWriterId: () => 'bench', now: () => new Date() };
  for (const entity of declaration.entities) {
    const path = entity.entity === 'user' ? paths.user : paths.item;
    const table = await checkEntityTable(database, path, entity, declaration);
    await publishFeatures(dependencies, database, table, { date: '2026-01-01', scratch });
  }
}

function usersSql(users: number): string {
  const bags = NAMES.flatMap((name, k) => [
    `array_to_string([hash(i * 31 + j + ${k}) % ${ITEM_IDS[name]} FOR j IN range(15)], '|') AS viewed_${name}`,
    `array_to_string([round((hash(i + j * ${k + 2}) % 1000) / 100, 2) FOR j IN range(15)], '|') AS weight_${name}`,
  ]);
  return `SELECT i AS user_id, 18 + i % 60 AS user_age, 'city ' || i % 900 AS user_city, ${bags.join(', ')} FROM range(${users}) AS t(i)`;
}

function itemsSql(items: number): string {
  const ids = NAMES.map((name, k) => `hash(i * 13 + ${k}) % ${ITEM_IDS[name]} AS ${name}`);
  const numbers = Array.from({ length: NUMBERS }, (_, k) => `(hash(i * 17 + ${k}) % 10000) / 100 AS item_number${k}`);
  return `SELECT 'item-' || i AS item_id, ${[...ids, ...numbers].join(', ')} FROM range(${items}) AS t(i)`;
}
