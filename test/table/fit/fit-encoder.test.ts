import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Declaration } from '../../../lib/config/declaration.ts';
import { checkLog } from '../../../lib/table/check/log.ts';
import { logColumns } from '../../../lib/table/check/required-columns.ts';
import { openDatabase, query } from '../../../lib/table/database.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import {
  bag,
  category,
  declare,
  LOG_DEFAULTS,
  number,
  openLog,
  rowsSql,
  stage,
  table,
  vocabulary,
  workplace,
} from '../fixture.ts';

const place = workplace();

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}
const reference: { plain: Moments; clippedLog1p: Moments; octiles: number[] } = JSON.parse(
  readFileSync(new URL('../reference/number_statistics.json', import.meta.url), 'utf8'),
);

async function fitLog(path: string, declaration: Declaration) {
  return fitEncoder(place.database, await openLog(place, path, declaration));
}

/** Rows with both classes of every label: a click with a conversion, a click without, and neither. */
const LEARNABLE = ['100, 1, 1', '101, 1, 0', '102, 0, 0'];

async function valuesOf(relation: string) {
  return (await query(place.database, `SELECT value, id, count FROM ${relation} ORDER BY id`)).map(Object.values);
}

describe('a vocabulary', () => {
  const columns = 'row, click, conversion, part, item, history';
  const rows = [
    "0, 1, 1, 'train', 'b', 'a b a'",
    "1, 1, 0, 'train', 'b', 'c'",
    "2, 0, 0, 'train', 'c', ''",
    "3, 0, 0, 'train', NULL, 'a a a a a'",
    "4, 0, 0, 'validation', 'z', 'z z'",
    "5, 0, 0, 'test', 'y', 'y y'",
  ];
  const features = [category('item', { embedding: 'shared' }), bag('history', { embedding: 'shared', delimiter: ' ' })];
  const write = () => place.write('vocabulary.csv', rowsSql(columns, rows));

  it('counts the values of all its features in the training rows, those of bags up to their length', async () => {
    const { encoder } = await fitLog(await write(), declare(features));
    expect(await valuesOf(encoder.vocabularies.shared?.table ?? '')).toEqual([
      ['a', 2n, 5n],
      ['b', 3n, 3n],
      ['c', 4n, 2n],
    ]);
    expect(encoder.tables).toEqual([{ name: 'shared', dimension: 4, rows: 5 }]);
    expect(encoder.inputs).toEqual([
      { kind: 'id', name: 'item', entity: 'user', table: 'shared' },
      { kind: 'bag', name: 'history', entity: 'user', table: 'shared', length: 3, combiner: 'mean' },
    ]);
  });

  it('leaves out rare values and those beyond its size, and has ids after the unknown buckets', async () => {
    const rare = await fitLog(
      await write(),
      declare(features, { embeddings: [table('shared', vocabulary({ minCount: 3, unknown: 4 }))] }),
    );
    expect(await valuesOf(rare.encoder.vocabularies.shared?.table ?? '')).toEqual([
      ['a', 5n, 5n],
      ['b', 6n, 3n],
    ]);
    expect(rare.encoder.tables).toEqual([{ name: 'shared', dimension: 4, rows: 7 }]);
    const small = await fitLog(
      await write(),
      declare(features, { embeddings: [table('shared', vocabulary({ maxSize: 1 }))] }),
    );
    expect(await valuesOf(small.encoder.vocabularies.shared?.table ?? '')).toEqual([['a', 2n, 5n]]);
  });

  it('has values with the same count in the order of their bytes', async () => {
    const path = await place.write(
      'ties.csv',
      rowsSql(
        'row, click, conversion, item, part',
        ["'é'", "'z'", "'B'", "'10'", "'9'"].map(
          (item, i) => `${i}, ${i % 2}, ${i % 4 === 1 ? 1 : 0}, ${item}, 'train'`,
        ),
      ),
    );
    const { encoder } = await fitLog(path, declare([category('item')]));
    expect((await valuesOf(encoder.vocabularies.item?.table ?? '')).map(([value]) => value)).toEqual([
      '10',
      '9',
      'B',
      'z',
      'é',
    ]);
  });

  it('may be empty', async () => {
    const { encoder } = await fitLog(
      await write(),
      declare(features, { embeddings: [table('shared', vocabulary({ minCount: 99 }))] }),
    );
    expect(encoder.tables).toEqual([{ name: 'shared', dimension: 4, rows: 2 }]);
  });

  it('does not exist for hashes, ids and quantiles, whose tables have a row for each bucket, id or interval', async () => {
    const embeddings = [
      table('hashed', { kind: 'hash', buckets: 10, seed: 0 }),
      table('given', { kind: 'ids', size: 20 }),
      table('ranks', { kind: 'quantiles', count: 4 }),
    ];
    const path = await place.write(
      'tables.parquet',
      "SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, 'train' AS part, i % 20 AS item, i AS price FROM range(100) t(i)",
    );
    const declaration = declare(
      [
        category('item', { embedding: 'hashed' }),
        category('id', { column: 'item', embedding: 'given' }),
        number('price', { embedding: 'ranks' }),
      ],
      { embeddings },
    );
    const { encoder } = await fitLog(path, declaration);
    expect(encoder.vocabularies).toEqual({});
    expect(encoder.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ['hashed', 11],
      ['given', 22],
      ['ranks', 5],
    ]);
    expect(encoder.inputs[2]).toEqual({
      kind: 'quantile',
      name: 'price',
      entity: 'item',
      table: 'ranks',
      boundaries: [24, 49, 74],
    });
  });
});

describe('numbers', () => {
  const write = () =>
    place.write(
      'numbers.parquet',
      `SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, CASE WHEN i < 20000 THEN 'train' ELSE 'test' END AS part,
        CASE WHEN i < 20000 THEN CAST((i * 7919 % 10007) / 8 - 300 AS FLOAT) ELSE 1e6 END AS x, NULL::DOUBLE AS nothing, 3.0 AS constant
       FROM range(20100) t(i)`,
    );
  const features = [
    number('plain', { column: 'x' }),
    number('logarithm', { column: 'x', log1p: true, clip: [-200, 900] }),
    number('octile', { column: 'x', embedding: 'octiles' }),
    number('raw', { column: 'x', standardize: false }),
    number('nothing'),
    number('constant'),
    number('constant_octile', { column: 'constant', embedding: 'constant_octiles' }),
    number('empty_octile', { column: 'nothing', embedding: 'empty_octiles' }),
  ];
  const embeddings = ['octiles', 'constant_octiles', 'empty_octiles'].map((name) =>
    table(name, { kind: 'quantiles', count: 8 }),
  );

  it('have the means, deviations and quantiles of the training rows that Python computes', async () => {
    const { encoder } = await fitLog(await write(), declare(features, { embeddings }));
    const [plain, logarithm, octile, raw, nothing, constant, constantOctile, emptyOctile] = encoder.inputs;
    expect(plain).toMatchObject({
      kind: 'number',
      mean: expect.closeTo(reference.plain.mean, 10),
      deviation: expect.closeTo(reference.plain.deviation, 10),
    });
    expect(logarithm).toMatchObject({
      mean: expect.closeTo(reference.clippedLog1p.mean, 12),
      deviation: expect.closeTo(reference.clippedLog1p.deviation, 12),
      log1p: true,
      clip: [-200, 900],
    });
    expect(octile).toMatchObject({ boundaries: reference.octiles });
    expect([raw, nothing, constant]).toMatchObject([
      { mean: 0, deviation: 1 },
      { mean: 0, deviation: 1 },
      { mean: 3, deviation: 1 },
    ]);
    expect([constantOctile, emptyOctile]).toMatchObject([{ boundaries: [] }, { boundaries: [] }]);
    expect(encoder.tables.map(({ rows }) => rows)).toEqual([9, 2, 2]);
  });

  it('have statistics that do not depend on the number of threads', async () => {
    const path = await write();
    const declaration = declare(features, { embeddings });
    const two = await fitLog(path, declaration);
    const single = await openDatabase({ threads: 1, memoryLimitMiB: 512, scratch: place.at('.') });
    const source = await openSource(single, path, { needed: logColumns(declaration) });
    const one = await fitEncoder(single, await checkLog(single, source, declaration));
    await single.close();
    expect(one.encoder.inputs).toEqual(two.encoder.inputs);
    expect(one.summary).toEqual(two.summary);
  });

  it('have strictly increasing boundaries where values repeat', async () => {
    const path = await place.write(
      'repeats.parquet',
      "SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, 'train' AS part, CASE WHEN i < 60 THEN 0 ELSE i END AS x FROM range(100) t(i)",
    );
    const { encoder } = await fitLog(
      path,
      declare([number('x', { embedding: 'tenths' })], {
        embeddings: [table('tenths', { kind: 'quantiles', count: 10 })],
      }),
    );
    expect(encoder.inputs[0]).toMatchObject({ boundaries: [0, 69, 79, 89] });
  });
});

describe('the summary of a log', () => {
  it('counts rows, labels, weights, missing and dropped values by part', async () => {
    const declaration = declare([category('item'), bag('tags'), number('price')], {
      log: { ...LOG_DEFAULTS, time: 'ts', kept: 0.25, maxRejected: 0.5 },
      stages: [stage('click', ['impression']), stage('conversion', ['click'], { withinMs: 86_400_000 })],
    });
    const rows = [
      "0, 1, 1, 'train', '2026-05-01', 'a', ['x', 'y', 'z', 'z', 'z'], 1.0",
      "1, 1, 0, 'train', '2026-05-01', NULL, [], NULL",
      "2, 0, 0, 'train', '2026-05-02', '', NULL, NULL",
      "3, 1, 0, 'train', '2026-05-03', 'b', ['x'], 2.0",
      "4, 0, 0, 'test', '2026-05-03', 'c', ['x'], 2.0",
      "5, 7, 0, 'test', '2026-05-04', 'c', ['x'], 2.0",
    ];
    const path = await place.write(
      'summary.parquet',
      rowsSql('row, click, conversion, part, ts, item, tags, price', rows),
    );
    const { summary } = await fitLog(path, declaration);
    const day = (date: number) => Date.UTC(2026, 4, date);
    const none = { positives: 0, negatives: 0, unknown: 0, weightedRows: 0, weightedPositives: 0 };
    expect(summary).toEqual({
      source: path,
      rows: 6,
      rejected: 1,
      rejectedByReason: { label_not_binary: 1 },
      time: { first: day(1), last: day(3) },
      split: 'split by the values of part: train train; validation validation; test test',
      parts: {
        train: {
          rows: 4,
          time: { first: day(1), last: day(3) },
          groups: null,
          digest: expect.stringMatching(/^\d+$/),
          meanDelays: {},
          labels: {
            click: { positives: 3, negatives: 1, unknown: 0, weightedRows: 7, weightedPositives: 3 },
            conversion: { positives: 1, negatives: 2, unknown: 1, weightedRows: 6, weightedPositives: 1 },
          },
        },
        validation: {
          rows: 0,
          time: null,
          groups: null,
          digest: expect.stringMatching(/^\d+$/),
          meanDelays: {},
          labels: { click: none, conversion: none },
        },
        test: {
          rows: 1,
          time: { first: day(3), last: day(3) },
          groups: null,
          digest: expect.stringMatching(/^\d+$/),
          meanDelays: {},
          labels: { click: { ...none, negatives: 1, weightedRows: 4 }, conversion: { ...none, unknown: 1 } },
        },
      },
      missing: { item: 2, tags: 2, price: 2 },
      dropped: { tags: 2 },
      // With so few rows, that the price ranks them all says nothing.
      suspicious: [],
      repeatedKeys: 0,
      notes: ['tags: 33.3% of the values are cut (max_length 3, the first are kept)'],
    });
  });
});

describe('an encoder is not fitted', () => {
  const columns = 'row, click, conversion, part';

  it('without training rows', async () => {
    const path = await place.write(
      'untrained.csv',
      rowsSql(
        columns,
        LEARNABLE.map((row) => `${row}, 'test'`),
      ),
    );
    await expect(fitLog(path, declare([]))).rejects.toMatchObject({
      code: 'no_rows',
      message: `no training rows: none of 3 good rows is in the training part (split by column, in ${path})`,
    });
  });

  it('where a stage is never, or always, reached in the training part', async () => {
    const never = await place.write(
      'never.csv',
      rowsSql(columns, [...LEARNABLE.map((row) => `${row}, 'test'`), "1, 1, 0, 'train'", "2, 1, 0, 'train'"]),
    );
    await expect(fitLog(never, declare([]))).rejects.toMatchObject({
      code: 'one_class',
      message:
        'no row without click in the training part (2 rows): click is 1 in every row that counts, expected both 0 and 1; ' +
        `no conversion in the training part (2 rows): conversion is 0 in every row that counts, expected both 0 and 1 (in ${never})`,
    });
  });

  it('where no label is final yet', async () => {
    const declaration = declare([], {
      log: { ...LOG_DEFAULTS, time: 'ts' },
      stages: [stage('click', ['impression']), stage('conversion', ['click'], { withinMs: 7 * 86_400_000 })],
    });
    const path = await place.write(
      'young.csv',
      rowsSql(
        `${columns}, ts`,
        LEARNABLE.map((row) => `${row}, 'train', '2026-05-01'`),
      ),
    );
    await expect(fitLog(path, declaration)).rejects.toThrow(
      `no conversion label in the training part is settled: all 3 rows are younger than within (7d) (in ${path})`,
    );
  });

  it('where too many rows are bad', async () => {
    const path = await place.write(
      'bad.csv',
      rowsSql(columns, [...LEARNABLE.map((row) => `${row}, 'train'`), "1, 2, 0, 'train'"]),
    );
    await expect(fitLog(path, declare([]))).rejects.toMatchObject({ code: 'too_many_rejects' });
  });
});
