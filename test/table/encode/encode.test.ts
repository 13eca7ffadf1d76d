import { describe, expect, it } from 'vitest';
import { checkLog } from '../../../lib/table/check/log.ts';
import { hasFeatures } from '../../../lib/table/check/prepared-rows.ts';
import { encodeLog } from '../../../lib/table/encode/encode.ts';
import type { LogChunk } from '../../../lib/table/encoded.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import {
  bag,
  category,
  declare,
  encodeAll,
  LOG_DEFAULTS,
  NOW,
  number,
  openLog,
  rowsSql,
  stage,
  table,
  vocabulary,
  workplace,
} from '../fixture.ts';
import { MANY, manyRows } from './many-columns.ts';

const place = workplace({ threads: 2 });

const columns = 'row, click, conversion, part';
/** Training rows with both classes of every label. */
const BASE = ["0, 1, 1, 'train'", "1, 1, 0, 'train'", "2, 0, 0, 'train'"];

/** Encodes rows with these values in the column x; the first three rows are the training rows. */
async function encodeValues(
  name: string,
  values: readonly string[],
  feature: Parameters<typeof declare>[0][number],
  embeddings = [table('x')],
) {
  const rows = values.map((value, i) => `${BASE[i] ?? `${i}, 0, 0, 'test'`}, ${value}`);
  const path = await place.write(name, rowsSql(`${columns}, x`, rows));
  return encodeAll(place, path, declare([feature], { embeddings }));
}

describe('a category', () => {
  it('has the id of its training value, or that of an unknown or missing value', async () => {
    const values = ["'a'", "'a'", "'b'", 'NULL', "''", "'never'", "'b'"];
    const chunk = await encodeValues('category.parquet', values, category('x'));
    expect([...(chunk.ids.x ?? [])]).toEqual([2, 2, 3, 0, 0, 1, 3]);
  });

  it('that is unknown has one of several unknown buckets by the published hash with seed 0', async () => {
    // The hash of seed 0 and "a" is 3586945393569641782 by hashlib.
    const values = ["'k'", "'k'", "'k'", "'a'"];
    const chunk = await encodeValues('unknown.parquet', values, category('x'), [
      table('x', vocabulary({ unknown: 4 })),
    ]);
    expect([...(chunk.ids.x ?? [])]).toEqual([5, 5, 5, 1 + Number(3586945393569641782n % 4n)]);
  });

  it('by hash has the id of its bucket, or 0 if it is missing', async () => {
    const values = ["'5'", "'5'", "'5'", "'5.0'", 'NULL'];
    const chunk = await encodeValues('hash.csv', values, category('x'), [
      table('x', { kind: 'hash', buckets: 1000, seed: 1 }),
    ]);
    const five = 1 + Number(2872242894413153840n % 1000n);
    expect([...(chunk.ids.x ?? [])]).toEqual([five, five, five, five, 0]);
  });

  it('by ids has the id that it is, or that of an unknown value if it is out of range', async () => {
    const values = ['0', '9', '10', '-1', 'NULL', '99999999999999999999999'];
    const chunk = await encodeValues('ids.csv', values, category('x'), [table('x', { kind: 'ids', size: 10 })]);
    expect([...(chunk.ids.x ?? [])]).toEqual([2, 11, 1, 1, 0, 1]);
  });

  it.each([
    { type: 'BIGINT', name: 'an integer' },
    { type: 'DOUBLE', name: 'a floating number' },
    { type: 'DECIMAL(9,2)', name: 'a decimal' },
    { type: 'VARCHAR', name: 'text' },
  ])('of an integral value has the same id as $name', async ({ type }) => {
    const train = await place.write(
      'integral.parquet',
      rowsSql(
        `${columns}, x`,
        BASE.map((row, i) => `${row}, ${[5, 5, 7][i]}`),
      ),
    );
    const declaration = declare([category('x')]);
    const { encoder } = await fitEncoder(place.database, await openLog(place, train, declaration));
    const again = await place.write(
      'again.parquet',
      rowsSql(
        `${columns}, x`,
        BASE.map((row, i) => `${row}, CAST('${['7', '5', '6'][i]}' AS ${type})`),
      ),
    );
    const ids: number[] = [];
    for await (const chunk of encodeLog(place.database, await openLog(place, again, declaration), encoder))
      ids.push(...(chunk.ids.x ?? []));
    expect(ids).toEqual([3, 2, 1]);
  });
});

describe('a bag', () => {
  const values = ["'a b a'", "'a'", "''", "'b zz  a b'", 'NULL', "'zz'"];

  it('is padded with ids and weights of 0, cut to its length, and without empty values', async () => {
    const chunk = await encodeValues('bag.csv', values, bag('x', { delimiter: ' ' }));
    expect([...(chunk.ids.x ?? [])]).toEqual([2, 3, 2, 2, 0, 0, 0, 0, 0, 3, 1, 2, 0, 0, 0, 1, 0, 0]);
    expect([...(chunk.weights.x ?? [])]).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0]);
  });

  it('is encoded the same as a list and as text', async () => {
    const lists = ["['a', 'b', 'a']", "['a']", '[]', "['b', 'zz', NULL, '', 'a', 'b']", 'NULL', "['zz']"];
    const [text, list] = [
      await encodeValues('bag.csv', values, bag('x', { delimiter: ' ' })),
      await encodeValues('bag.parquet', lists, bag('x', { delimiter: ' ' })),
    ];
    expect(list.ids).toEqual(text.ids);
    expect(list.weights).toEqual(text.weights);
  });

  it('has the weights of its values, even if other values are left out', async () => {
    const rows = [
      "0, 1, 1, 'train', ['a', 'b'], [0.5, 2]",
      "1, 1, 0, 'train', ['', 'a', NULL, 'b'], [9, 1, 9, 3]",
      "2, 0, 0, 'train', NULL, NULL",
      "3, 0, 0, 'test', ['a', 'a', 'a', 'a'], [1, 2, 3, 4]",
    ];
    const path = await place.write('weights.parquet', rowsSql(`${columns}, x, w`, rows));
    const chunk = await encodeAll(place, path, declare([bag('x', { weights: 'w' })]));
    expect([...(chunk.ids.x ?? [])]).toEqual([2, 3, 0, 2, 3, 0, 0, 0, 0, 2, 2, 2]);
    expect([...(chunk.weights.x ?? [])]).toEqual([0.5, 2, 0, 1, 3, 0, 0, 0, 0, 1, 2, 3]);
  });

  it('shares a vocabulary with a category', async () => {
    const rows = [
      "0, 1, 1, 'train', 'b', ['a', 'a', 'b']",
      "1, 1, 0, 'train', 'c', ['c']",
      "2, 0, 0, 'train', 'a', ['a']",
    ];
    const path = await place.write('shared.parquet', rowsSql(`${columns}, item, history`, rows));
    const chunk = await encodeAll(
      place,
      path,
      declare([category('item', { embedding: 's' }), bag('history', { embedding: 's' })]),
    );
    expect([...(chunk.ids.item ?? [])]).toEqual([3, 4, 2]);
    expect([...(chunk.ids.history ?? [])]).toEqual([2, 2, 3, 4, 0, 0, 2, 0, 0]);
  });

  it('may have a table by hash or by ids', async () => {
    const hashed = await encodeValues('hashes.parquet', ["['5', '5.0']", '[]', '[]'], bag('x'), [
      table('x', { kind: 'hash', buckets: 1000, seed: 1 }),
    ]);
    const five = 1 + Number(2872242894413153840n % 1000n);
    expect([...(hashed.ids.x ?? [])].slice(0, 3)).toEqual([five, five, 0]);
    const given = await encodeValues('given.parquet', ['[0, 9, 10]', '[]', '[]'], bag('x'), [
      table('x', { kind: 'ids', size: 10 }),
    ]);
    expect([...(given.ids.x ?? [])].slice(0, 3)).toEqual([2, 11, 1]);
  });
});

describe('a number', () => {
  it('is a float32, or NaN if it is missing', async () => {
    const chunk = await encodeValues('number.csv', ["'0.1'", "'-2'", "''", "'1e-3'", "'16777217'"], number('x'), []);
    expect([...(chunk.numbers.x ?? [])]).toEqual([0.1, -2, Number.NaN, 1e-3, 16777216].map(Math.fround));
  });
});

describe('encoded rows of a log', () => {
  it('do not depend on the size of the chunks, and may be those of some parts only', async () => {
    const path = await place.write('parts.parquet', manyRows(5000));
    const log = await openLog(place, path, MANY);
    const { encoder } = await fitEncoder(place.database, log);
    const collect = async (options: Parameters<typeof encodeLog>[3]) => {
      const ids: number[] = [];
      const rows: number[] = [];
      for await (const chunk of encodeLog(place.database, log, encoder, options)) {
        ids.push(...(chunk.ids.c19 ?? []));
        rows.push(...chunk.rowNumbers);
      }
      return { ids, rows };
    };
    const all = await collect({});
    expect(await collect({ chunkRows: 17 })).toEqual(all);
    const test = await collect({ parts: ['test'], chunkRows: 100 });
    expect(test.rows).toEqual(all.rows.filter((row) => row % 4 === 3));
    expect(test.ids).toEqual(all.ids.filter((_, i) => (all.rows[i] ?? 0) % 4 === 3));
  });

  it('are in its order even if the vocabulary is larger than the log', async () => {
    const path = await place.write(
      'wide.parquet',
      "SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, 'train' AS part, i * 31 % 60000 AS item FROM range(60000) t(i)",
    );
    const declaration = declare([category('item')]);
    const { encoder } = await fitEncoder(place.database, await openLog(place, path, declaration));
    const few = await place.write(
      'few.parquet',
      "SELECT i AS row, 0 AS click, 0 AS conversion, 'test' AS part, i * 61 AS item FROM range(1500) t(i)",
    );
    const chunks: LogChunk[] = [];
    for await (const chunk of encodeLog(place.database, await openLog(place, few, declaration), encoder))
      chunks.push(chunk);
    expect(chunks.map(({ rows }) => rows)).toEqual([1500]);
    expect([...(chunks[0]?.rowNumbers ?? [])]).toEqual(Array.from({ length: 1500 }, (_, i) => i));
    // All values occur once, so ids are in the order of texts, in which JavaScript sorts digits, too.
    const order = Array.from({ length: 60_000 }, (_, i) => String(i)).sort();
    const id = new Map(order.map((text, i) => [text, i + 2]));
    expect([...(chunks[0]?.ids.item ?? [])]).toEqual(
      Array.from({ length: 1500 }, (_, i) => id.get(String(i * 61)) ?? 1),
    );
  });

  it('leave out bad rows and keep the positions of the others', async () => {
    const path = await place.write('gaps.csv', rowsSql(columns, [...BASE, "3, 2, 0, 'test'", "4, 0, 0, 'test'"]));
    const chunk = await encodeAll(place, path, declare([], { log: { ...LOG_DEFAULTS, maxRejected: 0.5 } }));
    expect([...chunk.rowNumbers]).toEqual([0, 1, 2, 4]);
  });

  it('are bit for bit the same from Parquet and from CSV', async () => {
    const sql = `SELECT i AS row, i % 2 = 1 AS click, (i % 4 = 3)::DOUBLE AS conversion, ['train', 'test', 'validation'][1 + i % 3] AS part,
      CASE WHEN i % 11 > 0 THEN i % 13 END AS integer, (i % 17)::DOUBLE AS whole, i % 7 = 0 AS flag, i / 7 AS price, (i / 7)::FLOAT AS single,
      CAST(i / 4 AS DECIMAL(9,2)) AS decimal, CASE WHEN i % 5 = 0 THEN '' ELSE 'é"' || (i * i % 29) || ', x' END AS text,
      TIMESTAMP '2026-05-01' + to_seconds(i) AS ts, 'u' || (i % 23) AS user_id FROM range(4000) t(i)`;
    const features = [
      ...['integer', 'whole', 'flag', 'text'].map((name) => category(name)),
      ...['price', 'single', 'decimal'].map((name) => number(name)),
    ];
    const declaration = declare(features, {
      embeddings: [table('text', vocabulary({ unknown: 7, minCount: 50 }))],
      log: { ...LOG_DEFAULTS, time: 'ts', group: 'user_id' },
      stages: [stage('click', ['impression']), stage('conversion', ['click'], { withinMs: 600_000 })],
    });
    const [parquet, csv] = [
      await encodeAll(place, await place.write('same.parquet', sql), declaration),
      await encodeAll(place, await place.write('same.csv', sql), declaration),
    ];
    expect(csv).toEqual(parquet);
    expect(new Set(parquet.ids.text).size).toBeGreaterThan(10);
  });
});

describe('booleans and NaN', () => {
  it('are encoded the same as the True, False and empty fields that pandas writes to CSV', async () => {
    const sql = (flag: string, size: string) =>
      `SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, 'train' AS part, ${flag} AS flag, ${size} AS size FROM range(40) t(i)`;
    const typed = sql('i % 3 = 0', "CASE WHEN i % 5 = 0 THEN 'NaN'::DOUBLE ELSE i % 7 END");
    const text = sql("['False', 'True'][1 + (i % 3 = 0)::INTEGER]", 'CASE WHEN i % 5 > 0 THEN (i % 7)::DOUBLE END');
    const declaration = declare([category('flag'), category('size')]);
    const parquet = await encodeAll(place, await place.write('typed.parquet', typed), declaration);
    expect(await encodeAll(place, await place.write('pandas.csv', text), declaration)).toEqual(parquet);
    expect(new Set(parquet.ids.flag)).toEqual(new Set([2, 3]));
    expect([...(parquet.ids.size ?? [])].filter((id) => id === 0)).toHaveLength(8);
  });
});

describe('labels', () => {
  it('are unknown if the log ends before the time of their stage has passed', async () => {
    const declaration = declare([], {
      log: { ...LOG_DEFAULTS, time: 'ts' },
      stages: [
        stage('click', ['impression'], { withinMs: 60_000 }),
        stage('conversion', ['click'], { withinMs: 86_400_000 }),
      ],
    });
    const rows = [
      "0, 1, 1, 'train', '2026-05-01 00:00:00'",
      "1, 1, 0, 'train', '2026-05-02 12:00:00'",
      "2, 0, 0, 'train', '2026-05-02 12:00:01'",
      "3, 1, 1, 'train', '2026-05-03 11:59:59'",
      "4, 0, 0, 'train', '2026-05-03 12:00:00'",
    ];
    const chunk = await encodeAll(place, await place.write('mature.csv', rowsSql(`${columns}, ts`, rows)), declaration);
    expect([...(chunk.labels.click ?? [])]).toEqual([1, 1, 0, -1, -1]);
    expect([...(chunk.labels.conversion ?? [])]).toEqual([1, 0, -1, -1, -1]);
  });

  it('are 0 if they are missing and the stage before was not reached', async () => {
    const rows = ["0, 0, NULL, 'train'", "1, 1, 1, 'train'", "2, 0, 0, 'train'"];
    const chunk = await encodeAll(place, await place.write('joined.csv', rowsSql(columns, rows)), declare([]));
    expect([...(chunk.labels.conversion ?? [])]).toEqual([0, 1, 0]);
  });

  it('of a stage with inconsistent: and are 1 only if that of the stage before is 1', async () => {
    const declaration = declare([], {
      stages: [
        stage('click', ['impression']),
        stage('conversion', ['click'], { inconsistent: 'and', maxInconsistent: 1 }),
      ],
    });
    const path = await place.write('and.csv', rowsSql(columns, [...BASE, "3, 0, 1, 'train'"]));
    const chunk = await encodeAll(place, path, declaration);
    expect([...(chunk.labels.conversion ?? [])]).toEqual([1, 0, 0, 0]);
  });
});

describe('weights', () => {
  it('are 1 in a full log', async () => {
    const chunk = await encodeAll(place, await place.write('full.csv', rowsSql(columns, BASE)), declare([]));
    expect([...chunk.weight]).toEqual([1, 1, 1]);
  });

  it('are the inverse of the rate at which unclicked rows were kept', async () => {
    const constant = declare([], { log: { ...LOG_DEFAULTS, kept: 0.1 } });
    const chunk = await encodeAll(place, await place.write('constant.csv', rowsSql(columns, BASE)), constant);
    expect([...chunk.weight]).toEqual([1, 1, 10]);
    const byColumn = declare([], { log: { ...LOG_DEFAULTS, kept: { column: 'rate' } } });
    const rows = BASE.map((row, i) => `${row}, ${['NULL', '0.5', '0.25'][i]}`);
    const varied = await encodeAll(place, await place.write('varied.csv', rowsSql(`${columns}, rate`, rows)), byColumn);
    expect([...varied.weight]).toEqual([1, 1, 4]);
  });
});

describe('a log', () => {
  const rows = BASE.map((row, i) => `${row}, ${["'a'", "'b'", "'a'"][i]}, ${i + 0.5}, ${["'x|y'", 'NULL', "'y'"][i]}`);
  const own = declare([category('item')]);
  const other = declare([bag('tags', { delimiter: '|' }), number('price'), category('item', { name: 'again' })], {
    embeddings: [table('tags'), table('item')],
  });

  it.each([
    { when: 'prepared', alsoFeatures: other.features },
    { when: 'not prepared', alsoFeatures: [] },
  ])('can be encoded with features of another declaration that were $when', async ({ when, alsoFeatures }) => {
    const path = await place.write(`${when}.csv`, rowsSql(`${columns}, item, price, tags`, rows));
    const { encoder } = await fitEncoder(place.database, await openLog(place, path, other));
    const source = await openSource(place.database, path);
    const log = await checkLog(place.database, source, own, { now: NOW, alsoFeatures });
    expect(hasFeatures(log, other.features)).toBe(when === 'prepared');
    const chunks: LogChunk[] = [];
    for await (const chunk of encodeLog(place.database, log, encoder)) chunks.push(chunk);
    expect(chunks).toEqual([await encodeAll(place, path, other)]);
  });

  it('is not prepared for features of another declaration whose columns it lacks', async () => {
    const path = await place.write(
      'less.csv',
      rowsSql(
        `${columns}, item`,
        rows.map((row) => row.split(', ', 5).join(', ')),
      ),
    );
    const source = await openSource(place.database, path);
    const log = await checkLog(place.database, source, own, { now: NOW, alsoFeatures: other.features });
    expect(hasFeatures(log, own.features)).toBe(true);
    expect(log.prepared.values.size).toBe(1);
  });
});
