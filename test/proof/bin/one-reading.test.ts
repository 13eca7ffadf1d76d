/** How often `entirespace train` reads, encodes and scores the rows of a log. */
import { beforeAll, describe, expect, it } from 'vitest';
import { workplace } from '../../bin/workplace.ts';
import { type Observed, observe } from '../../observe.ts';
import { syntheticLog } from '../../training/synthetic-log.ts';

const place = workplace();
const SHUFFLES = 3;

const declare = (features: string) => `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row], time: time, group: user }
split: { hash: user, validation: 0.1, test: 0.2 }
features:
${features}model: { hidden_units: [8] }
training: { batch_size: 256, epochs: 3, learning_rate: 0.02, calibration: platt, calibration_of: edges }
gate: { min_conversions: 100 }
report: { segments: [item] }
`;
const AGE = '  age: { type: number, entity: user }\n';
const ITEM = '  item: { type: category, entity: item, dimension: 4 }\n';

/** Every other file of rows is scratch; a CSV log is imported as Parquet. */
const LOG = /read_parquet\(\[?'[^']*\/many\.parquet'/;
const IMPORTED = /read_parquet\(\[?'[^']*\/csv_\d+\.parquet'/;

interface Trained extends Observed {
  /** Rows of a part, as the command tells. */
  readonly rows: Readonly<Record<string, number>>;
}

async function train(features: string, log: string, bucket: string, ...more: string[]): Promise<Trained> {
  await place.write('many.yaml', declare(features));
  const rows: Record<string, number> = {};
  const observed = await observe(async () => {
    const { code, stderr } = await place.run('train', 'many.yaml', '--data', log, '--bucket', bucket, ...more);
    // Whether a version is better is not the question here.
    expect([0, 7]).toContain(code);
    for (const [, part = '', count = ''] of stderr.matchAll(/^ {2}(\w+) +([\d,]+) rows:/gm))
      rows[part] = Number(count.replaceAll(',', ''));
  });
  return { ...observed, rows };
}

beforeAll(async () => {
  await place.write('many.csv', syntheticLog({ seed: 1, rows: 8000, start: new Date('2026-01-01'), days: 3 }));
  await place.writeRows('many.parquet', `SELECT * FROM read_csv('${place.at('many.csv')}')`);
});

describe.each(['many.parquet', 'many.csv'])('training on %s', (log) => {
  const bucket = log.replace('.', '-');
  let first: Trained;
  let second: Trained;
  let third: Trained;

  beforeAll(async () => {
    first = await train(AGE + ITEM, log, bucket);
    // The version in use has a feature that this one has not.
    second = await train(ITEM, log, bucket);
    third = await train(AGE, log, bucket, '--no-promote');
  }, 60_000);

  it('reads the log once', () => {
    for (const { readsOf, imports } of [first, second, third]) {
      expect(readsOf(LOG)).toHaveLength(log === 'many.parquet' ? 1 : 0);
      expect(readsOf(IMPORTED)).toHaveLength(log === 'many.csv' ? 1 : 0);
      expect(imports).toBe(log === 'many.csv' ? 1 : 0);
    }
  });

  it('encodes it once, and the held-out rows once more for the version in use', () => {
    expect([first, second, third].map(({ encodings }) => encodings)).toEqual([1, 2, 1]);
  });

  it('scores the held-out rows once with each version, and the validation rows once to calibrate', () => {
    for (const [{ scored, rows }, features] of [
      [first, 2],
      [second, 1],
      [third, 1],
    ] as const) {
      const { validation, test = 0 } = rows;
      expect(test).toBeGreaterThan(1000);
      // Rows whose features are shuffled, for the report, are other rows.
      const model = test + SHUFFLES * features * test;
      expect(scored).toMatchObject({ logits: validation, uncalibrated: test, model });
    }
    const ofOthers = ({ scored: { logits, uncalibrated, model, ...others } }: Trained) => others;
    expect([ofOthers(first), ofOthers(third)]).toEqual([{}, {}]);
    expect(Object.entries(ofOthers(second))).toEqual([
      [expect.stringMatching(/^\d{8}-\d{6}-[0-9a-f]{8}$/), second.rows.test],
    ]);
  });
});

describe('evaluating and validating', () => {
  it('read the log once', async () => {
    const evaluated = await observe(() => place.run('evaluate', '--data', 'many.parquet', '--bucket', 'many-parquet'));
    expect(evaluated.readsOf(LOG)).toHaveLength(1);
    expect(evaluated.encodings).toBe(1);
    expect(Object.values(evaluated.scored)).toHaveLength(1);
    const validated = await observe(() => place.run('validate', 'many.yaml', '--data', 'many.parquet'));
    expect(validated.readsOf(LOG)).toHaveLength(1);
    // The held-out rows, to count what a model would not know, and some training rows, to measure how long training takes.
    expect(validated.encodings).toBe(2);
  });
});
