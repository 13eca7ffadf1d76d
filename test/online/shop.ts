/** A small published model whose users and items have feature tables, for the tests of this room. */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { scoreCandidates } from '../../exports/score-candidates.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { DECLARATION_FILE } from '../../lib/contract/bucket.ts';
import { randomStream } from '../../lib/numbers/random.ts';
import { promoteVersion } from '../../lib/registry/current.ts';
import { publishFeatures } from '../../lib/scoring/rows/publish-features.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { checkEntityTable } from '../../lib/table/candidates/entity-table.ts';
import { openDatabase, query } from '../../lib/table/database.ts';
import { type TrainedModel, train } from '../../lib/training/train.ts';
import { publishTrained } from '../../training/publish-trained.ts';
import { onceARun } from '../once-a-run.ts';

export const DECLARATION = `name: shop
stages: { click: { label: click }, conversion: { label: bought } }
log: { keys: [row] }
split: { hash: row, validation: 0.1, test: 0.2 }
entities: { user: { key: user_id, missing: unknown }, item: { key: item_id } }
features:
  age: { type: number, entity: user }
  city: { type: category, entity: user, dimension: 4 }
  likes: { type: bag, entity: user, dimension: 4, weights: liked, delimiter: '|', max_length: 3 }
  brand: { type: category, entity: item, hash: 50, dimension: 4 }
  price: { type: number, entity: item, log1p: true }
  hour: { type: number, entity: context }
  position: { type: category, entity: context, at_scoring: 1, dimension: 2 }
  place: { type: cross, of: [city, brand], entity: context, hash: 200, dimension: 4 }
model: { hidden_units: [8] }
training: { batch_size: 256, epochs: 1 }
`;
export const declaration = parseDeclaration(DECLARATION, 'shop.yaml');

const CITIES = ['Köln', 'Bonn', '', 'NA', ' Bonn '];
const ROWS = 2500;
const LIMITS = { threads: 1, memoryLimitMiB: 512 };

/** A user's or item's row in its table. */
export const users = Array.from({ length: 40 }, (_, i) => ({
  user_id: i,
  age: i % 7 === 0 ? null : 18 + i,
  city: CITIES[i % 5] as string,
  likes: i % 3 === 0 ? '' : `a|b${i % 4}|c|d`,
  liked: i % 3 === 0 ? '' : `1|0.5|${i % 5}|2`,
}));
export const items = Array.from({ length: 30 }, (_, i) => ({ item_id: `i${i}`, brand: `0${i % 6}`, price: i * 1.5 }));

/** What is known of areas and of times of the day: tables that a declaration may have. */
export const areas = Array.from({ length: 8 }, (_, i) => ({
  area_id: i,
  rain: i % 3 === 0 ? null : i / 4,
  zone: `z${i % 3}`,
}));
export const slots = ['morning', 'noon', 'night'].map((slot, i) => ({ slot, rush: 2 - i }));

/** A shop in a folder of its own. */
export interface Shop {
  readonly folder: string;
  readonly store: Store;
  /** Trains a version, and makes it the current one. */
  promote(seed: number): Promise<string>;
  /** Publishes the tables of users and items of a date. */
  publishTables(date: string, itemRows?: readonly Record<string, unknown>[]): Promise<void>;
  /** Scores a file of candidates; returns the rows of its scores and of its rejects. */
  scoreFile(name: string, rows: readonly Record<string, unknown>[]): Promise<ScoredFile>;
  remove(): Promise<void>;
}

/** Rows of the scores and of the rejects of a file. */
export interface ScoredFile {
  readonly scores: readonly Readonly<Record<string, unknown>>[];
  readonly rejects: readonly Readonly<Record<string, unknown>>[];
}

/** @param scoring a section that the declaration has, too, as a line of YAML */
export async function openShop(scoring = '', text = DECLARATION): Promise<Shop> {
  const declarationText = `${text}${scoring}`;
  const declaration = parseDeclaration(declarationText, 'shop.yaml');
  const folder = await mkdtemp(join(tmpdir(), 'entirespace-shop-'));
  const store = openStore(join(folder, 'bucket'));
  const options = { scratch: folder, ...LIMITS };
  return {
    folder,
    store,
    async promote(seed) {
      const shared = await trainedOnce(text, seed);
      const trained = { ...shared, folder: join(folder, `trained-${seed}`) };
      await cp(shared.folder, trained.folder, { recursive: true });
      await writeFile(join(trained.folder, DECLARATION_FILE), declarationText);
      const at = new Date(Date.UTC(2026, 0, seed));
      const version = await publishTrained(store, declaration, trained, { threads: 1, at });
      await promoteVersion(store, declaration.name, version, { reason: 'test', at });
      return version;
    },
    async publishTables(date, itemRows = items) {
      const database = await openDatabase(options);
      try {
        const tables: Record<string, readonly Record<string, unknown>[]> = {
          ...{ user: users, item: itemRows, area: areas, slot: slots },
        };
        for (const entity of declaration.entities) {
          const path = join(folder, `table-${date}-${entity.entity}.csv`);
          await writeFile(path, csv(tables[entity.entity] ?? []));
          const table = await checkEntityTable(database, path, entity, declaration);
          const dependencies = { store, newWriterId: () => 'test', now: () => new Date() };
          await publishFeatures(dependencies, database, table, { date, buckets: 2, scratch: folder });
        }
      } finally {
        await database.close();
      }
    },
    async scoreFile(name, rows) {
      await store.put(`candidates/${name}.csv`, csv(rows));
      await scoreCandidates(store, { model: 'shop', threads: 1, keys: [`candidates/${name}.csv`] });
      const database = await openDatabase({ scratch: folder, threads: 1, memoryLimitMiB: 256 });
      const read = (kind: string) =>
        query(database, `SELECT * FROM read_parquet('${join(folder, 'bucket', kind, `**/${name}.csv/*.parquet`)}')`);
      try {
        return { scores: await read('scores'), rejects: await read('rejects') };
      } finally {
        await database.close();
      }
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Trains on the shop's log once a run of the tests: a section `scoring` changes nothing of a model. */
async function trainedOnce(text: string, seed: number): Promise<TrainedModel> {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const folder = await onceARun(`shop-${digest}-${seed}`, async (scratch) => {
    const dataPath = join(scratch, 'log.csv');
    await writeFile(dataPath, csv(impressions()));
    const { training, ...others } = parseDeclaration(text, 'shop.yaml');
    const declaration = { ...others, training: { ...training, seed } };
    const trained = await train({ declaration, declarationText: text, dataPath, scratch, ...LIMITS });
    await writeFile(join(scratch, 'trained'), serialize(trained));
  });
  return deserialize(await readFile(join(folder, 'trained')));
}

function impressions(): Record<string, unknown>[] {
  const random = randomStream(5, 'shop');
  return Array.from({ length: ROWS }, (_, row) => {
    const draw = (what: number) => random.uniform(8 * row + what);
    const user = users[Math.floor(draw(0) * users.length)];
    const item = items[Math.floor(draw(1) * items.length)];
    const click = draw(2) < 0.3 ? 1 : 0;
    const bought = click === 1 && draw(3) < 0.4 ? 1 : 0;
    const place = { ...areas[row % areas.length], ...slots[row % slots.length] };
    return {
      row,
      ...user,
      ...item,
      ...place,
      hour: Math.floor(draw(4) * 24) / 1e4,
      position: 1 + (row % 9),
      click,
      bought,
    };
  });
}

/** Returns rows as CSV. */
export function csv(rows: readonly Record<string, unknown>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  return [columns.join(','), ...rows.map((row) => columns.map((column) => row[column] ?? '').join(','))].join('\n');
}
