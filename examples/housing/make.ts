/**
 * Writes a log of flats shown to people who look for one, tables of both and of the areas that are searched, and candidates, all by chance from a seed:
 * `npx tsx examples/housing/make.ts <folder> [rows]`
 *
 * `log.csv` has every column; `users.csv`, `items.csv` and `areas.csv` have those of users, flats and searched areas,
 * `pairs.csv` the rest. A flat's
 * 34 counts and rates are in one column, `windows`, with nothing in the place of a count of 0.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bits, half, uniform } from '../../lib/synth/draws.ts';
import { type Database, execute, literal, openDatabase } from '../../lib/table/database.ts';

const ROWS = 60_000;
const USERS = 4000;
const FLATS = 3000;
const AREAS = 60;
/** What is counted, in windows of so many days: 8 counts in 4 windows, and two rates, are 34 numbers. */
const COUNTS = ['views', 'clicks', 'saves', 'calls', 'visits', 'shares', 'messages', 'photos'];
const WINDOWS = [1, 7, 14, 30];

const SEED = 1;

/** Returns the SQL of a number in [0, 1) that depends on what is drawn and on a number alone. */
const draw = (what: string, of: string) => uniform(half(bits(SEED, what, of), 'upper'));
const chosen = (name: string, values: readonly string[], of: string) =>
  `[${values.map(literal).join(', ')}][1 + CAST(floor(${values.length} * ${draw(name, of)}) AS INTEGER)]`;
const whole = (name: string, most: number, of: string) => `CAST(floor(${most} * ${draw(name, of)}) AS INTEGER)`;

/** Writes the files; the same ones for the same number of rows. */
export async function makeHousing(folder: string, rows = ROWS): Promise<void> {
  await mkdir(folder, { recursive: true });
  const database = await openDatabase({ threads: 2, memoryLimitMiB: 1024, scratch: folder });
  try {
    await createEntities(database);
    await createShown(database, rows);
    const write = (name: string, sql: string) =>
      execute(database, `COPY (${sql}) TO ${literal(join(folder, name))} (FORMAT csv, HEADER true)`);
    await write('users.csv', 'SELECT * FROM users ORDER BY user_id');
    await write('items.csv', 'SELECT * EXCLUDE (quality) FROM items ORDER BY item_id');
    await write('areas.csv', 'SELECT * FROM areas ORDER BY area_id');
    await write('log.csv', `SELECT * EXCLUDE (quality) FROM shown WHERE "row" < ${rows} ORDER BY "row"`);
    const pair = '"row", user_id, item_id, area_id, hour, channel';
    await write('pairs.csv', `SELECT ${pair} FROM shown WHERE "row" >= ${rows} ORDER BY "row"`);
  } finally {
    await database.close();
  }
}

/** Users, areas, and flats whose counts grow with their quality. */
async function createEntities(database: Database): Promise<void> {
  await execute(
    database,
    `CREATE TABLE users AS SELECT id AS user_id, ${chosen('city', ['north', 'south', 'east', 'west'], 'id')} AS city,
       800 + ${whole('budget', 2000, 'id')} AS budget, 1 + ${whole('rooms', 4, 'id')} AS rooms_wanted,
       CASE WHEN ${draw('visits', 'id')} > 0.2 THEN ${whole('visits30', 40, 'id')} END AS visits_30d
     FROM range(${USERS}) AS t(id)`,
  );
  await execute(
    database,
    `CREATE TABLE areas AS SELECT id AS area_id, 700 + ${whole('asking', 1500, 'id')} AS asking,
       1 + ${whole('seekers', 400, 'id')} AS seekers, ${chosen('trend', ['rising', 'flat', 'falling'], 'id')} AS trend
     FROM range(${AREAS}) AS t(id)`,
  );
  const count = (what: string, place: number, days: number) => {
    const mean = `exp(1.5 * quality) * ${(days / 30) * (40 / (1 + place))}`;
    // Nothing stands in the place of 0.
    return `COALESCE(CAST(NULLIF(CAST(round(${mean} * ${draw(`${what}${days}`, 'id')}) AS INTEGER), 0) AS VARCHAR), '')`;
  };
  const counts = COUNTS.flatMap((what, place) => WINDOWS.map((days) => count(what, place, days)));
  const rates = ['ctr', 'cvr'].map(
    (rate) => `COALESCE(CAST(NULLIF(round(0.1 * quality * quality * ${draw(rate, 'id')}, 3), 0) AS VARCHAR), '')`,
  );
  await execute(
    database,
    `CREATE TABLE items AS SELECT id AS item_id, ${chosen('district', ['north', 'south', 'east', 'west'], 'id')} AS district,
       600 + ${whole('rent', 2400, 'id')} AS rent, 1 + ${whole('flatrooms', 4, 'id')} AS rooms,
       ${[...counts, ...rates].join(" || '|' || ")} AS windows, quality
     FROM (SELECT id, 2 * ${draw('quality', 'id')} - 1 AS quality FROM range(${FLATS}) AS t(id))`,
  );
}

/** Rows of the log, and a tenth as many candidates after them: a flat that suits and is good is opened, and contacted
 * unless many look for one in its area. */
async function createShown(database: Database, rows: number): Promise<void> {
  const drawn = `SELECT i AS "row", TIMESTAMP '2026-01-01' + to_seconds(CAST(i * ${(28 * 86_400) / rows} AS BIGINT)) AS shown_at,
      ${whole('user', USERS, 'i')} AS user_id, ${whole('item', FLATS, 'i')} AS item_id,
      ${whole('area', AREAS, 'i')} AS area_id,
      ${chosen('channel', ['search', 'home', 'mail'], 'i')} AS channel FROM range(${rows + Math.ceil(rows / 10)}) AS t(i)`;
  const joined = `SELECT *, CAST(hour(shown_at) AS INTEGER) AS hour,
      CAST(city = district AS INTEGER) AS is_near, CAST(rooms = rooms_wanted AS INTEGER) AS fits,
      greatest(-1, least(1, (budget - rent) / 1000.0)) AS afford, seekers / 200.0 - 1 AS contest
    FROM (${drawn}) JOIN users USING (user_id) JOIN items USING (item_id) JOIN areas USING (area_id)`;
  const odds = `SELECT *, 1 / (1 + exp(3 - 1.2 * quality - is_near - 0.5 * afford)) AS opened,
      1 / (1 + exp(2.5 - quality - fits - 1.2 * afford + contest)) AS contacted FROM (${joined})`;
  await execute(
    database,
    `CREATE TABLE shown AS SELECT "row", shown_at, user_id, item_id, area_id, hour, channel, city, budget, rooms_wanted, visits_30d,
       district, rent, rooms, windows, asking, seekers, trend, quality, CAST(${draw('open', '"row"')} < opened AS TINYINT) AS click,
       CAST(${draw('open', '"row"')} < opened AND ${draw('contact', '"row"')} < contacted AS TINYINT) AS contact
     FROM (${odds})`,
  );
}

const [script, folder, rows] = process.argv.slice(1);
if (script !== undefined && resolve(script) === fileURLToPath(import.meta.url)) {
  if (folder === undefined) throw new TypeError('folder missing, expected make.ts <folder> [rows]');
  await makeHousing(folder, rows === undefined ? ROWS : Number(rows));
}
