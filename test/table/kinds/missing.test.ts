import { describe, expect, it } from 'vitest';
import type { Feature } from '../../../lib/config/declaration.ts';
import { encodeCandidates } from '../../../lib/table/encode/encode.ts';
import type { EncodedChunk } from '../../../lib/table/encoded.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { bag, category, cross, declare, encodeAll, number, openLog, rowsSql, sequence, workplace } from '../fixture.ts';

const place = workplace();

const FEATURES: readonly Feature[] = [
  category('city', { missing: 'None' }),
  category('zone', { missing: 7 }),
  number('age', { missing: -1.5, standardize: true }),
  number('level', { missing: 2, embedding: 'level' }),
  bag('tags', { delimiter: '|', missing: 'a|b' }),
  bag('liked', { delimiter: '|', weights: 'w', missing: 'b' }),
  sequence('seen', { missing: 'x' }),
  cross('both', [], { of: [{ column: 'city', missing: 'None' }, { column: 'zone' }] }),
];
const EMBEDDINGS = [
  { name: 'city', dimension: 4, ids: { kind: 'hash', buckets: 1000, seed: 0 } },
  { name: 'both', dimension: 4, ids: { kind: 'hash', buckets: 1000, seed: 0 } },
  { name: 'level', dimension: 4, ids: { kind: 'quantiles', count: 3 } },
] as const;
const COLUMNS = 'row, click, conversion, part, city, zone, age, level, tags, liked, w, seen';

const FULL = [
  "1, 0, 0, 'train', 'Rome', 7, 3.5, 1.0, 'a|b', 'b', '1', ['x', 'y']",
  "2, 1, 0, 'train', 'Oslo', 8, 9.0, 3.0, 'b', 'a', '0.5', ['y']",
  "3, 1, 1, 'train', 'None', 9, 1.0, 4.0, 'a', 'a|b', '0.5|2', ['x']",
];
const WITHOUT = "4, 1, 1, 'train', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL";
/** What the row without a value counts as. The cross has a column of its own, without a default. */
const FILLED = "4, 1, 1, 'train', 'None', 7, -1.5, 2.0, 'a|b', 'b', '1', ['x']";

const declaration = declare(FEATURES, { embeddings: EMBEDDINGS });

function valuesOf({ ids, weights, numbers }: EncodedChunk): unknown {
  const { both: _, ...others } = ids;
  return { ids: others, weights, numbers };
}

async function encoded(name: string, row: string) {
  return encodeAll(place, await place.write(name, rowsSql(COLUMNS, [...FULL, row])), declaration);
}

describe('a missing value with a default', () => {
  it('counts as it, in the rows and in all that is measured in them', async () => {
    expect(valuesOf(await encoded('without.parquet', WITHOUT))).toEqual(
      valuesOf(await encoded('filled.parquet', FILLED)),
    );
    const statistics = await Promise.all(
      [WITHOUT, FILLED].map(async (row, i) => {
        const path = await place.write(`fit${i}.parquet`, rowsSql(COLUMNS, [...FULL, row]));
        const { encoder, summary } = await fitEncoder(place.database, await openLog(place, path, declaration));
        return { inputs: encoder.inputs, missing: summary.missing };
      }),
    );
    expect(statistics[0]?.inputs).toEqual(statistics[1]?.inputs);
    expect(statistics[0]?.missing).toEqual({ city: 0, zone: 0, age: 0, level: 0, tags: 0, liked: 0, seen: 0, both: 0 });
  });

  it.each([
    ['city', 'Rome', "'Rome'"],
    ['city', 'None', 'NULL'],
  ])('is a value of a cross, whose other columns stay missing: %s is %s', async (_, text, sql) => {
    const { ids } = await encoded(`cross-${text}.parquet`, `4, 1, 1, 'train', ${sql}${', NULL'.repeat(7)}`);
    const path = await place.write(`cross-${text}-only.parquet`, rowsSql(COLUMNS, FULL));
    const plain = declare([cross('both', ['city', 'zone'])], { embeddings: [EMBEDDINGS[1]] });
    const { encoder } = await fitEncoder(place.database, await openLog(place, path, plain));
    // What a file says is None is a missing value; a list has no such text.
    const from = `(SELECT 0 AS "#row", ['${text}'] AS c0, NULL AS c1)`;
    const columns = [
      { name: 'city', type: 'VARCHAR', sql: 'c0[1]' },
      { name: 'zone', type: 'VARCHAR', sql: 'c1' },
    ];
    const relation = { from, columns, isText: true, texts: { nullValues: [], decimal: '.' }, name: 'one' } as const;
    for await (const chunk of encodeCandidates(place.database, relation, [], encoder))
      expect(chunk.ids.both?.[0]).toBe(ids.both?.[3]);
  });

  it('counts as it at scoring, where a constant for scoring does not stand before it', async () => {
    const scored = declare(
      FEATURES.map((feature) => (feature.name === 'age' ? number('age', { missing: -1.5, atScoring: 30 }) : feature)),
      { embeddings: EMBEDDINGS },
    );
    const log = await openLog(place, await place.write('log.parquet', rowsSql(COLUMNS, [...FULL, WITHOUT])), scored);
    const { encoder } = await fitEncoder(place.database, log);
    const rowsOf = async (name: string, row: string) => {
      const { relation } = await openSource(place.database, await place.write(name, rowsSql(COLUMNS, [row])));
      const chunks = encodeCandidates(place.database, { ...relation, isScored: true }, [], encoder);
      for await (const chunk of chunks) return valuesOf(chunk);
      throw new Error('no rows');
    };
    const filled = await rowsOf('scored.csv', FILLED.replace('-1.5', '30'));
    expect(await rowsOf('unscored.csv', WITHOUT)).toEqual(filled);
    expect(await rowsOf('unscored.parquet', WITHOUT)).toEqual(filled);
  });
});
