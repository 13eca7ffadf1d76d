import { beforeAll, describe, expect, it } from 'vitest';
import type { Feature } from '../../../lib/config/declaration.ts';
import { candidateChecks } from '../../../lib/table/check/check-rows.ts';
import { encodeCandidates } from '../../../lib/table/encode/encode.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { bag, category, cross, declare, number, openLog, rowsSql, sequence, workplace } from '../fixture.ts';

const place = workplace();

const FEATURES: readonly Feature[] = [
  category('pos', { atScoring: 1 }),
  number('hour', { atScoring: 12.5 }),
  bag('tags', { delimiter: '|', atScoring: 'a|b' }),
  bag('weighted', { delimiter: '|', weights: 'w', atScoring: 'b' }),
  sequence('seen', { delimiter: '|', atScoring: 'b|a' }),
  sequence('viewed', { atScoring: 'b' }),
  cross('both', ['pos', 'item'], { of: [{ column: 'pos', atScoring: 2 }, { column: 'item' }], embedding: 'both' }),
];
const LOG = [
  "1, 0, 0, 'train', 1, 12.5, 'a|b', 'b', '1', 'b|a', ['b'], 'x'",
  "2, 1, 0, 'train', 2, 9, 'b', 'a', '0.5', 'a', ['a', 'b'], 'y'",
  "3, 1, 1, 'train', 3, 10, 'a', 'a|b', '0.5|2', 'b', ['b', 'a', 'c'], 'x'",
];
const COLUMNS = 'row, click, conversion, part, pos, hour, tags, weighted, w, seen, viewed, item';

const declaration = declare(FEATURES, {
  embeddings: [{ name: 'both', dimension: 4, ids: { kind: 'hash', buckets: 1000, seed: 0 } }],
});
let encoder: Encoder;

beforeAll(async () => {
  const log = await openLog(place, await place.write('log.parquet', rowsSql(COLUMNS, LOG)), declaration);
  ({ encoder } = await fitEncoder(place.database, log));
});

/** Returns the encoded rows of candidates, as the model that was fitted to the log takes them. */
async function encoded(name: string, sql: string) {
  const source = await openSource(place.database, await place.write(name, sql));
  const relation = { ...source.relation, isScored: true };
  const checks = candidateChecks(relation, { ...declaration, ...encoder });
  const chunks = [];
  for await (const { ids, weights, numbers, rows } of encodeCandidates(place.database, relation, checks, encoder))
    chunks.push({ ids, weights, numbers, rows });
  return chunks;
}

describe('a column with a constant for scoring', () => {
  let given: Awaited<ReturnType<typeof encoded>>;
  let absent: typeof given;
  beforeAll(async () => {
    given = await encoded(
      'given.parquet',
      "SELECT 1 AS row, 1 AS pos, 12.5 AS hour, 'a|b' AS tags, 'b' AS weighted, '1' AS w, 'b|a' AS seen, ['b'] AS viewed, 'x' AS item",
    );
    absent = await encoded('absent.parquet', "SELECT 1 AS row, 'x' AS item");
  });

  it.each([
    [
      'NULL',
      "SELECT 1 AS row, NULL::INTEGER AS pos, NULL::DOUBLE AS hour, NULL AS tags, NULL AS weighted, NULL AS w, NULL AS seen, NULL AS viewed, 'x' AS item",
    ],
    [
      'NaN',
      "SELECT 1 AS row, 'NaN'::DOUBLE AS pos, 'NaN'::FLOAT AS hour, '' AS tags, '|' AS weighted, '' AS w, '|' AS seen, '[]' AS viewed, 'x' AS item",
    ],
    [
      'empty',
      "SELECT 1 AS row, '' AS pos, ' ' AS hour, '' AS tags, ' ' AS weighted, '' AS w, ' ' AS seen, '' AS viewed, 'x' AS item",
    ],
    [
      'null values',
      "SELECT 1 AS row, 'NULL' AS pos, 'nan' AS hour, 'None' AS tags, 'NA' AS weighted, 'NA' AS w, 'null' AS seen, 'NA' AS viewed, 'x' AS item",
    ],
    [
      'empty lists',
      "SELECT 1 AS row, NULL AS pos, NULL AS hour, [NULL]::VARCHAR[] AS tags, []::VARCHAR[] AS weighted, []::DOUBLE[] AS w, [NULL]::VARCHAR[] AS seen, []::VARCHAR[] AS viewed, 'x' AS item",
    ],
  ])('is read as the constant if it is %s, as if it were absent or held the constant', async (name, sql) => {
    const got = await encoded(`${name.replace(' ', '-')}.parquet`, sql);
    const { both: _, ...ids } = given[0]?.ids ?? {};
    expect(got[0]).toMatchObject({ ids, weights: given[0]?.weights, numbers: given[0]?.numbers, rows: 1 });
    expect(got).toEqual(absent);
  });

  it('is read as it is where it has a value', async () => {
    const [chunk] = await encoded(
      'mixed.csv',
      rowsSql(`row, pos, hour, tags, weighted, w, seen, viewed, item`, [
        "1, 3, 9, 'b', 'a', '0.5', 'a|b', '[''a'']', 'x'",
        "2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'x'",
      ]),
    );
    const [first, second] = [...(chunk?.ids.pos ?? [])];
    expect(first).not.toBe(second);
    expect([...(chunk?.numbers.hour ?? [])]).toEqual([9, 12.5]);
    expect([...(chunk?.weights.weighted ?? [])]).toEqual([0.5, 0, 0, 1, 0, 0]);
    const [b, a] = [...(chunk?.ids.seen ?? [])];
    // The newest first: of a|b the b, and of the constant b|a the a.
    expect(a).not.toBe(b);
    expect([...(chunk?.ids.seen ?? [])]).toEqual([b, a, 0, a, b, 0]);
    expect([...(chunk?.weights.viewed ?? [])]).toEqual([1, 0, 0, 1, 0, 0]);
  });

  it('may lack the weights of a bag that is there', async () => {
    const [chunk] = await encoded(
      'unweighted.csv',
      rowsSql('row, pos, hour, tags, weighted, w, seen, viewed, item', ["1, 3, 9, 'b', 'a|b', NULL, NULL, NULL, 'x'"]),
    );
    expect([...(chunk?.weights.weighted ?? [])]).toEqual([1, 1, 0]);
  });
});

describe('a missing value of a log', () => {
  it('stays missing', async () => {
    const path = await place.write(
      'missing-log.parquet',
      rowsSql(COLUMNS, [...LOG, "4, 0, 0, 'train', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'x'"]),
    );
    const { summary } = await fitEncoder(place.database, await openLog(place, path, declare(FEATURES)));
    expect(summary.missing).toMatchObject({ pos: 1, hour: 1, tags: 1, weighted: 1, seen: 1, viewed: 1 });
  });
});
