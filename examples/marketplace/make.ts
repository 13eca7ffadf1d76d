/**
 * Writes a log of products shown to users of a marketplace, and candidates, all by chance from a seed:
 * `npx tsx examples/marketplace/make.ts <folder> [rows]`
 *
 * `log.parquet` has the labels, `candidates.parquet` a tenth as many rows without. A user's last behaviours are lists of
 * the same length: their products, with seller, brand, category and leaf category of each, and their weights.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bits, half, normal, uniform } from '../../lib/synth/draws.ts';
import { type Database, execute, literal, openDatabase } from '../../lib/table/database.ts';

const ROWS = 100_000;
const USERS = 10_000;
const PRODUCTS = 100_000;
const LEAVES = 100;
/** Ids beyond the whole numbers that a DOUBLE has all of. */
const FIRST_PRODUCT = '9007199254740993';
const SEED = 1;
const DAYS = 28;

const upper = (what: string, of: string) => half(bits(SEED, what, of), 'upper');
/** Returns the SQL of a number in [0, 1) that depends on what is drawn and on a number alone. */
const draw = (what: string, of: string) => uniform(upper(what, of));
const whole = (what: string, most: number, of: string) => `CAST(floor(${most} * ${draw(what, of)}) AS INTEGER)`;
const chosen = (what: string, values: readonly string[], of: string) =>
  `[${values.map(literal).join(', ')}][1 + ${whole(what, values.length, of)}]`;

/** What a product belongs to, as SQL of its number. */
const PRODUCT = {
  product: (k: string) => `(CAST(${FIRST_PRODUCT} AS BIGINT) + ${k})`,
  seller: (k: string) => `('s' || (${k} * 7919) % 8000)`,
  brand: (k: string) => `('b' || (${k} * 104729) % 6000)`,
  category: (k: string) => `('c' || ${k} % 2000)`,
  leaf: (k: string) => `('l' || ${k} % ${LEAVES})`,
};

const PLURALS = {
  product: 'products',
  seller: 'sellers',
  brand: 'brands',
  category: 'categories',
  leaf: 'leaves',
} as const satisfies Record<keyof typeof PRODUCT, string>;

/** Writes both files; the same ones for the same number of rows. */
export async function makeMarketplace(folder: string, rows = ROWS): Promise<void> {
  await mkdir(folder, { recursive: true });
  const database = await openDatabase({ threads: 2, memoryLimitMiB: 1024, scratch: folder });
  try {
    await createUsers(database);
    await createShown(database, rows);
    const write = (name: string, sql: string) =>
      execute(database, `COPY (${sql}) TO ${literal(join(folder, name))} (FORMAT parquet, COMPRESSION zstd)`);
    await write('log.parquet', `SELECT * FROM shown WHERE "row" < ${rows} ORDER BY "row"`);
    const known = 'SELECT * EXCLUDE (click, purchase) FROM shown';
    await write('candidates.parquet', `${known} WHERE "row" >= ${rows} ORDER BY "row"`);
  } finally {
    await database.close();
  }
}

/** Users like the products of one leaf category, of which most of their behaviours are. */
async function createUsers(database: Database): Promise<void> {
  const kth = `user_id * 100 + i`;
  const liked = `favourite + ${LEAVES} * ${whole('liked', PRODUCTS / LEAVES, kth)}`;
  const behaviours = `list_transform(range(3 + ${whole('behaviours', 13, 'user_id')}), lambda i: CAST(CASE WHEN ${draw('likes', kth)} < 0.7 THEN ${liked} ELSE ${whole('any', PRODUCTS, kth)} END AS BIGINT))`;
  const lists = Object.entries(PRODUCT).map(
    ([name, of]) => `list_transform(behaviours, lambda k: ${of('k')}) AS user_${PLURALS[name as keyof typeof PRODUCT]}`,
  );
  await execute(
    database,
    `CREATE TABLE users AS SELECT user_id, favourite, 18 + ${whole('age', 60, 'user_id')} AS age,
       ${chosen('gender', ['f', 'm', 'x'], 'user_id')} AS gender, ${whole('level', 6, 'user_id')} AS member_level,
       1 + ${whole('tier', 5, 'user_id')} AS city_tier, ${whole('orders', 30, 'user_id')} AS orders_90d,
       round(2000 * ${draw('spend', 'user_id')}, 2) AS spend_90d, ${whole('visits', 40, 'user_id')} AS visits_30d,
       CASE WHEN ${draw('ordered', 'user_id')} < 0.9 THEN ${whole('since', 90, 'user_id')} END AS days_since_order,
       ${lists.join(', ')}, list_transform(behaviours, lambda k, place: CAST(round(exp(-place / 8.0), 4) AS FLOAT)) AS user_weights
     FROM (SELECT user_id, favourite, ${behaviours} AS behaviours
       FROM (SELECT id AS user_id, ${whole('favourite', LEAVES, 'id')} AS favourite FROM range(${USERS}) AS t(id)))`,
  );
}

/** A product of the user's favourite leaf is clicked more often, and one of a good seller bought more often. */
async function createShown(database: Database, rows: number): Promise<void> {
  const all = rows + Math.ceil(rows / 10);
  const liked = `CAST(favourite + ${LEAVES} * ${whole('shown', PRODUCTS / LEAVES, '"row"')} AS BIGINT)`;
  const drawn = `SELECT *, CASE WHEN ${draw('suits', '"row"')} < 0.3 THEN ${liked} ELSE CAST(${whole('other', PRODUCTS, '"row"')} AS BIGINT) END AS k
    FROM (SELECT i AS "row", TIMESTAMP '2026-01-01' + to_seconds(CAST(i * ${(DAYS * 86_400) / all} AS BIGINT)) AS shown_at, ${whole('user', USERS, 'i')} AS user_id FROM range(${all}) AS t(i)) JOIN users USING (user_id)`;
  const effect = (name: keyof typeof PRODUCT) => normal(upper(name, PRODUCT[name]('k')));
  const odds = `SELECT *, CAST(hour(shown_at) AS TINYINT) AS hour, ${whole('discount', 50, 'k')} AS discount,
      1 / (1 + exp(2.6 - 1.2 * CAST(k % ${LEAVES} = favourite AS INTEGER) - 0.6 * ${effect('leaf')} - 0.4 * ${effect('brand')})) AS clicked,
      1 / (1 + exp(2.2 - 0.8 * ${effect('seller')} - 0.6 * ${effect('leaf')} - 0.02 * ${whole('discount', 50, 'k')})) AS bought FROM (${drawn})`;
  const ids = Object.entries(PRODUCT).map(([name, of]) => `${of('k')} AS ${name}`);
  const happens = `${draw('click', '"row"')} < clicked`;
  await execute(
    database,
    `CREATE TABLE shown AS SELECT * EXCLUDE (favourite, k, clicked, bought), ${ids.join(', ')},
       round(exp(1 + 5 * ${draw('price', 'k')}), 2) AS price, round(3 + 2 * ${draw('rating', 'k')}, 1) AS rating,
       ${whole('sales', 5000, 'k')} AS sales_30d, ${whole('listed', 700, 'k')} AS listed_days,
       ${chosen('device', ['ios', 'android', 'web', 'mini'], 'user_id')} AS device,
       ${chosen('place', ['feed', 'search', 'basket'], '"row"')} AS place,
       CAST(${happens} AS TINYINT) AS click, CAST(${happens} AND ${draw('purchase', '"row"')} < bought AS TINYINT) AS purchase
     FROM (${odds})`,
  );
}

const [script, folder, rows] = process.argv.slice(1);
if (script !== undefined && resolve(script) === fileURLToPath(import.meta.url)) {
  if (folder === undefined) throw new TypeError('folder missing, expected make.ts <folder> [rows]');
  await makeMarketplace(folder, rows === undefined ? ROWS : Number(rows));
}
