/** What of a version's weights the next training begins with. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { readOnnxWeights, type StoredWeights } from '../../../lib/graph/onnx-weights.ts';
import { openDatabase, query } from '../../../lib/table/database.ts';
import { readEncoder } from '../../../lib/table/fit/encoder-files.ts';
import { type TrainedModel, train } from '../../../lib/training/train.ts';
import type { ChampionFiles, WarmStartReport } from '../../../lib/training/weights/warm-start.ts';

const COLUMNS = 'row,item,tags,price,size,click,buy';
const declaration = (features: string) => `name: shop
stages: { click: { label: click }, conversion: { label: buy } }
log: { keys: [row] }
features:
${features}model: { hidden_units: [4] }
training: { batch_size: 64, epochs: 1, learning_rate: 1.0e-12, l2_embeddings: 0 }
`;
const ITEM = '  item: { type: category, entity: item, dimension: 4 }\n';
const PRICE = '  price: { type: number, entity: item }\n';
const SIZE = '  size: { type: number, entity: item }\n';

let folder: string;
let made = 0;
let before: Made;

interface Made {
  readonly trained: TrainedModel;
  readonly weights: ReadonlyMap<string, StoredWeights>;
  /** Id by value of `item`. */
  readonly items: ReadonlyMap<string, number>;
  readonly report: WarmStartReport | null;
}

/** A log whose items are `i<from>` to `i<from + 9>`. */
function log(from: number): string {
  const rows = Array.from({ length: 2000 }, (_, row) => {
    const click = row % 3 === 0 ? 1 : 0;
    return [row, `i${from + (row % 10)}`, '', row % 7, row % 5, click, click === 1 && row % 2 === 0 ? 1 : 0].join(',');
  });
  return `${[COLUMNS, ...rows].join('\n')}\n`;
}

async function make(features: string, from: number, champion?: ChampionFiles, seed = 1): Promise<Made> {
  const scratch = join(folder, String(made++));
  await mkdir(scratch);
  const dataPath = join(scratch, 'log.csv');
  await writeFile(dataPath, log(from));
  const declarationText = `${declaration(features)}`.replace('epochs: 1', `epochs: 1, seed: ${seed}`);
  const reports: WarmStartReport[] = [];
  const trained = await train({
    declaration: parseDeclaration(declarationText, 'shop.yaml'),
    declarationText,
    dataPath,
    scratch,
    threads: 1,
    memoryLimitMiB: 512,
    ...(champion && { champion, onWarmStart: (report) => reports.push(report) }),
  });
  const database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch });
  const { vocabularies } = await readEncoder(database, trained.folder);
  const rows = await query(database, `SELECT value, id FROM ${vocabularies.item?.table}`);
  await database.close();
  return {
    trained,
    weights: await readOnnxWeights(join(trained.folder, 'model.onnx')),
    items: new Map(rows.map(({ value, id }) => [String(value), Number(id)])),
    report: reports[0] ?? null,
  };
}

const championOf = ({ trained }: Made): ChampionFiles => ({
  version: '20260101-000000-00000000',
  folder: trained.folder,
});

function embedding({ weights, items }: Made, item: string): number[] {
  const { values, shape } = weights.get('embedding.item') as StoredWeights;
  const [at, dimension = 0] = [items.get(item) as number, shape[1]];
  return [...values.subarray(at * dimension, (at + 1) * dimension)];
}

const isClose = (a: readonly number[], b: readonly number[]) =>
  a.every((value, i) => Math.abs(value - (b[i] ?? 9)) < 1e-6);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warm-start-'));
  before = await make(ITEM + PRICE, 0);
});
afterAll(() => rm(folder, { recursive: true }));

describe('a warm start', () => {
  it('takes embeddings by the value they stand for, whichever id it has, and leaves new values fresh', async () => {
    const after = await make(ITEM + PRICE, 5, championOf(before), 2);
    for (const item of ['i5', 'i9']) expect(isClose(embedding(after, item), embedding(before, item)), item).toBe(true);
    expect(isClose(embedding(after, 'i12'), embedding(before, 'i2'))).toBe(false);
    expect(after.items.get('i5')).not.toBe(before.items.get('i5'));
    expect(after.report?.tables).toEqual({ item: { kept: 7, rows: 12 } });
    expect(after.report?.parameters).toMatchObject({ partly: [], fresh: [] });
    expect(after.trained.warmStart).toBe('20260101-000000-00000000');
  });

  it('takes dense parameters by name, and reports which', async () => {
    const after = await make(ITEM + PRICE, 0, championOf(before), 2);
    const dense = [...before.weights].filter(([name]) => after.report?.parameters.kept.includes(name));
    expect(dense.length).toBeGreaterThan(3);
    for (const [name, { values }] of dense)
      expect(isClose([...(after.weights.get(name)?.values ?? [])], [...values]), name).toBe(true);
  });

  it('takes the rows of the first layers by input where the features have changed', async () => {
    const after = await make(SIZE + ITEM, 0, championOf(before), 2);
    const { partly, fresh } = after.report?.parameters ?? { partly: [], fresh: ['?'] };
    expect(fresh).toEqual([]);
    expect(partly).toHaveLength(2);
    // Columns: item[0..3], price, price is missing; then item[0..3], size, size is missing.
    for (const name of partly) {
      const [now, then] = [after, before].map(({ weights }) => [...(weights.get(name)?.values ?? [])]);
      const units = (now?.length ?? 0) / 6;
      expect(isClose((now ?? []).slice(0, 4 * units), (then ?? []).slice(0, 4 * units)), name).toBe(true);
      expect(isClose((now ?? []).slice(4 * units, 5 * units), (then ?? []).slice(4 * units, 5 * units)), name).toBe(
        false,
      );
    }
  });

  it('begins afresh with a table of another dimension', async () => {
    const after = await make(ITEM.replace('dimension: 4', 'dimension: 2') + PRICE, 0, championOf(before), 2);
    expect(after.report?.tables).toEqual({ item: { kept: 0, rows: 12 } });
    expect(after.report?.parameters.partly).toHaveLength(2);
  });
});
