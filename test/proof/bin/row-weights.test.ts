/** `log.weight`: a row of weight n counts as n rows, from training to the metrics. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { workplace } from '../../bin/workplace.ts';

const place = workplace();

/** One step takes all rows: the same steps, whether rows are weighted or repeated. */
const declaration = (log: string) => `name: shop
stages:
  click: { label: clicked }
  conversion: { label: bought }
log: { keys: [row], group: row, ${log} }
split: { column: part, train: [0, 1, 2], validation: [3], test: [4] }
features:
  age: { type: category, entity: user, dimension: 4, hash: 64 }
  item: { type: category, entity: item, dimension: 4, hash: 64 }
model: { hidden_units: [8] }
training: { batch_size: 65536, epochs: 40, patience: null, optimizer: sgd, learning_rate: 2, l2_embeddings: 0, calibration: platt }
`;

/** Metrics of the version that a training writes, on its test rows. */
async function metricsOf(name: string, log: string, data: string) {
  await place.write(`${name}.yaml`, declaration(log));
  const { code, stderr } = await place.run('train', `${name}.yaml`, '--data', data, '-b', name, '--no-promote');
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  const path = (await place.listing(name)).flatMap((line) => /\S*metrics\.json/.exec(line) ?? [])[0] ?? '';
  const metrics = JSON.parse(await readFile(place.at(name, path), 'utf8'));
  return { metrics, stderr };
}

/** The numbers of a JSON value, by their paths. */
function numbersOf(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, `${path}.${key}`));
}

/**
 * What was measured of all rows and of those that reached a stage, but for counts of rows, seconds, and what depends on
 * the order of the rows: those of the same features tie but for the last bits.
 */
function measuredIn(metrics: unknown): Map<string, number> {
  const other = /\.seconds$|\.rows$|\.positives$|auc|\.reliability\.|\.top_k\./;
  return new Map(numbersOf(metrics).filter(([path]) => !other.test(path)));
}

describe('a weight', () => {
  it('of n is as good as n rows, for losses, calibrators and metrics', async () => {
    const weighted = `SELECT * REPLACE (age // 25 AS age), "row" % 5 AS part, (7 * "row" + "row" // 9) % 4 AS w FROM '${place.at('log.parquet')}'`;
    await place.writeRows('weighted.parquet', weighted);
    await place.writeRows('repeated.parquet', `SELECT * EXCLUDE (w) FROM (${weighted}), range(w) WHERE w > 0`);
    const one = await metricsOf('one', 'weight: w', 'weighted.parquet');
    const other = await metricsOf('other', 'max_rejected: 0', 'repeated.parquet');
    expect(one.stderr).toContain(
      'note: w: 1,000 of 3,000 rows have the weight 0 (log.weight), and count as if not there',
    );
    const [got, expected] = [measuredIn(one.metrics), measuredIn(other.metrics)];
    expect([...got.keys()]).toEqual([...expected.keys()]);
    expect([...got.keys()].filter((path) => path.startsWith('.tasks')).length).toBeGreaterThan(15);
    const apart = [...got].filter(([path, value]) => {
      const as = expected.get(path) as number;
      return Math.abs(value - as) > 1e-5 * Math.abs(as);
    });
    expect(apart.map(([path, value]) => [path, value, expected.get(path)].join(' '))).toEqual([]);
  });
});
