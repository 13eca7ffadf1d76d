/** A shop whose candidates are scored day by day, and whose purchases come within two days. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { scoreLocal } from '../../../lib/scoring/local/local.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import type { Store } from '../../../lib/store/store.ts';
import { train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';
import { random } from '../emulator/random.ts';

const DAY_MS = 86_400_000;
const ITEMS = 20;

/** Declaration of a model of this name. */
export function shopDeclaration(model: string): string {
  return `name: ${model}
stages:
  click: { label: clicked }
  conversion: { label: bought, at: bought_at, within: 2d }
log: { keys: [row], time: time }
split: { hash: row, seed: 1, validation: 0.1, test: 0.2 }
features:
  item: { type: category, entity: item, dimension: 4 }
model: { hidden_units: [4] }
training: { epochs: 2, learning_rate: 0.02 }
`;
}

/** One impression, with what happened to it in the end. */
interface Row {
  readonly row: string;
  readonly item: string;
  readonly time: number;
  readonly clicked: boolean;
  /** When it was bought; `null` for never. */
  readonly boughtAt: number | null;
}

interface Draw {
  readonly start: number;
  readonly days: number;
  /** Of all days together. */
  readonly rows: number;
  readonly seed: number;
}

/** Draws the rows of so many days from an instant on. */
export function rowsOfDays({ start, days, rows, seed }: Draw): Row[] {
  const chance = random(seed);
  return Array.from({ length: rows }, (_, index) => {
    const item = chance.below(ITEMS);
    const time = start + Math.floor(((index + 0.5) / rows) * days * DAY_MS);
    const clicked = chance.next() < 0.15 + (0.4 * item) / ITEMS;
    const isBought = chance.next() < 0.3;
    const boughtAt = time + Math.floor(chance.next() * 1.9 * DAY_MS);
    return {
      row: `${seed}-${index}`,
      item: `i${item}`,
      time,
      clicked,
      boughtAt: clicked && isBought ? boughtAt : null,
    };
  });
}

/** The log of rows as it stands at an instant: purchases that came later are not in it yet. */
export function logCsv(rows: readonly Row[], at: number): string {
  const lines = rows.map(({ row, item, time, clicked, boughtAt }) => {
    const bought = boughtAt !== null && boughtAt < at ? boughtAt : null;
    const iso = (instant: number) => new Date(instant).toISOString();
    return [row, item, iso(time), Number(clicked), bought === null ? 0 : 1, bought === null ? '' : iso(bought)].join(
      ',',
    );
  });
  return `row,item,time,clicked,bought,bought_at\n${lines.join('\n')}\n`;
}

/** The candidates of rows. */
export function candidatesCsv(rows: readonly Row[], itemOf = (item: string) => item): string {
  return `row,item\n${rows.map(({ row, item }) => `${row},${itemOf(item)}`).join('\n')}\n`;
}

/** Trains a model on a log in a folder, and makes it the current version of a bucket. */
export async function publishModel(store: Store, folder: string, text: string, log: string): Promise<void> {
  const dataPath = join(folder, 'log.csv');
  await writeFile(dataPath, log);
  const declaration = parseDeclaration(text, 'entirespace.yaml');
  const scratch = join(folder, 'run');
  await mkdir(scratch);
  const options = { declaration, declarationText: text, dataPath, scratch, threads: 1, memoryLimitMiB: 512 };
  const at = new Date(Date.UTC(2026, 0, 1));
  const version = await publishTrained(store, declaration, await train(options), { threads: 1, at });
  await promoteVersion(store, declaration.name, version, { reason: 'test', at });
}

/** Scores candidate files of a bucket by the handlers of the functions. */
export async function scoreFiles(store: Store, model: string, scratch: string, keys: readonly string[]): Promise<void> {
  const models = new ModelLoader(store, { scratch, threads: 1, memoryLimitMiB: 256 });
  try {
    const results = await scoreLocal({
      store,
      models: registryModels(store, model),
      files: candidateFiles({ store, models, scratch, shardRows: 100_000 }),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      keys,
      scratch,
      newWriterId: randomUUID,
    });
    const failed = results.filter(({ status }) => status !== 'succeeded');
    if (failed.length > 0) throw new Error(`files were not scored: ${JSON.stringify(failed)}`);
  } finally {
    await models.release();
  }
}
