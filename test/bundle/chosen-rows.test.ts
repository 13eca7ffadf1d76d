/** The rows that a network of a bundle chooses, by the rows of the whole bundle. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundleSchema } from '../../lib/bundle/format.ts';
import { workplace } from '../bin/workplace.ts';
import { shop, shopLog } from '../torch/bundles.ts';

const place = workplace();
const EPOCHS = 2;
const MODELS = {
  base: 'base',
  oversampling: 'oversampling, factor: 3',
  unbias: 'unbias, correction: weights',
} as const;
const bundles = {} as Record<keyof typeof MODELS, Bundle>;

beforeAll(async () => {
  await place.write('shop.csv', shopLog(2_000));
  for (const [name, type] of Object.entries(MODELS) as [keyof typeof MODELS, string][]) {
    const training = `{ batch_size: 100, epochs: ${EPOCHS}, learning_rate: 0.05, warmup_steps: 1, learning_rate_decay: linear }`;
    await place.write('shop.yaml', shop({ model: `{ hidden_units: [4], type: ${type} }`, training }));
    const run = await place.run('export-training', 'shop.yaml', '--data', 'shop.csv', '--out', name);
    expect(run).toMatchObject({ code: 0 });
    bundles[name] = bundleSchema.parse(JSON.parse(await readFile(place.at(name, 'bundle.json'), 'utf8')));
  }
});

const files = (name: string, path: string) => `read_parquet('${place.at(name, `${path}-*.parquet`)}')`;

/** The number of rows that one query has and the other has not, or less often. */
async function missing(from: string, others: string): Promise<unknown> {
  const [row] = await place.rows(`SELECT count(*)::INT AS rows FROM (${from} EXCEPT ALL ${others})`);
  return row?.rows;
}

async function expectSameRows(actual: string, expected: string): Promise<void> {
  expect([await missing(actual, expected), await missing(expected, actual)]).toEqual([0, 0]);
}

describe('in a bundle, the network of a click', () => {
  it.each(Object.keys(MODELS) as (keyof typeof MODELS)[])('has all rows with %s', (name) => {
    expect(bundles[name].networks.map((network) => [network.name, network.chosen === null])).toEqual([
      ['click', true],
      ['conversion', false],
    ]);
  });
});

describe('in a bundle, the network of a conversion', () => {
  it.each(['train', 'validation'])('has the clicked rows of %s with base', async (part) => {
    const clicked = `SELECT * FROM ${files('base', `rows/${part}`)} WHERE "label/click" = 1`;
    await expectSameRows(`SELECT * FROM ${files('base', `chosen/1-${part}`)}`, clicked);
  });

  it('has converted rows several times with oversampling', async () => {
    const rows = `SELECT r.* FROM ${files('oversampling', 'rows/train')} r, range(3) copy(k)`;
    const repeated = `${rows} WHERE "label/click" = 1 AND (k = 0 OR "label/conversion" = 1)`;
    await expectSameRows(`SELECT * FROM ${files('oversampling', 'chosen/1-train')}`, repeated);
  });

  it('has weights of its own with unbias, of mean 1', async () => {
    const rows = files('unbias', 'chosen/1-train');
    const [row] = await place.rows(
      `SELECT avg("weight/conversion") AS mean, max("weight/conversion") - min("weight/conversion") AS range FROM ${rows}`,
    );
    expect(row?.mean).toBeCloseTo(1, 5);
    expect(row?.range).toBeGreaterThan(0.1);
  });

  it.each(Object.keys(MODELS) as (keyof typeof MODELS)[])('has steps and orders of its own with %s', async (name) => {
    const chosen = bundles[name].networks[1]?.chosen;
    const rows = chosen?.train.rows ?? Number.NaN;
    expect(rows).not.toBe(bundles[name].train.rows);
    expect(chosen?.schedule).toEqual({ warmupSteps: 1, decay: 'linear', totalSteps: EPOCHS * Math.ceil(rows / 100) });
    const orders = await Promise.all((chosen?.orders ?? []).map(({ path }) => readFile(place.at(name, path))));
    expect(orders).toHaveLength(EPOCHS);
    for (const order of orders) {
      const positions = Uint32Array.from({ length: order.length / 4 }, (_, i) => order.readUInt32LE(4 * i));
      expect([...positions.toSorted()]).toEqual(Array.from({ length: rows }, (_, i) => i));
    }
  });
});
