import { readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { IdSource } from '../../../lib/config/declaration.ts';
import { CSV_DEFAULTS } from '../../../lib/config/sections/csv.ts';
import { writeCanary } from '../../../lib/table/candidates/canary.ts';
import { checkCandidateColumns } from '../../../lib/table/check/required-columns.ts';
import type { Relation } from '../../../lib/table/columns.ts';
import { encodeCandidates } from '../../../lib/table/encode/encode.ts';
import { readEncoder, writeEncoder } from '../../../lib/table/fit/encoder-files.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { validateLog } from '../../../lib/table/fit/validate.ts';
import { featureKind } from '../../../lib/table/kinds/index.ts';
import { category, cross, declare, encodeAll, openLog, rowsSql, table, workplace } from '../fixture.ts';

interface Vector {
  readonly values: readonly (string | null)[];
  readonly text: string | null;
  readonly id: number;
}
interface Reference {
  readonly seed: number;
  readonly buckets: number;
  readonly pairs: readonly Vector[];
  readonly triples: readonly Vector[];
}

const reference: Reference = JSON.parse(readFileSync(new URL('../reference/cross.json', import.meta.url), 'utf8'));
const HASH: IdSource = { kind: 'hash', buckets: reference.buckets, seed: reference.seed };

const place = workplace();
const columns = 'row, click, conversion, part';
/** The first columns of a row: three training rows with all combinations of labels, then test rows. */
const base = (row: number) =>
  row < 3 ? `${row}, ${Number(row < 2)}, ${Number(row < 1)}, 'train'` : `${row}, 0, 0, 'test'`;
const sqlOf = (value: string | null) => (value === null ? 'CAST(NULL AS VARCHAR)' : `'${value.replaceAll("'", "''")}'`);

/** Returns the SQL of a log with these rows of values, given as SQL, in the columns a, b and c. */
function logSql(rows: readonly (readonly string[])[]): string {
  const names = ['a', 'b', 'c'].slice(0, rows[0]?.length);
  return rowsSql(
    [columns, ...names].join(', '),
    rows.map((values, row) => `${base(row)}, ${values.join(', ')}`),
  );
}

async function idsOf(file: string, rows: readonly (readonly string[])[], of: readonly string[]) {
  const path = await place.write(file, logSql(rows));
  const chunk = await encodeAll(place, path, declare([cross('x', of)], { embeddings: [table('x', HASH)] }));
  return [...(chunk.ids.x ?? [])].map(Number);
}

describe('the id of a cross', () => {
  it.each(['parquet', 'csv'])('is that of the published hash as hashlib computes it, from %s', async (extension) => {
    const { pairs, triples } = reference;
    const sqlRows = (vectors: readonly Vector[]) => vectors.map(({ values }) => values.map(sqlOf));
    expect(await idsOf(`pairs.${extension}`, sqlRows(pairs), ['a', 'b'])).toEqual(pairs.map(({ id }) => id));
    expect(await idsOf(`triples.${extension}`, sqlRows(triples), ['a', 'b', 'c'])).toEqual(triples.map(({ id }) => id));
  });

  it('is of a different text for every combination of values and missing values, and 0 where all are missing', () => {
    const texts = reference.pairs.map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(reference.pairs.filter(({ id }) => id === 0).map(({ values }) => values)).toEqual([[null, null]]);
  });

  it('depends on the order of the columns', async () => {
    const rows = [["'a'", "'b'"]];
    const padded = [...rows, ...rows, ...rows];
    expect(await idsOf('order.parquet', padded, ['a', 'b'])).not.toEqual(
      await idsOf('order.parquet', padded, ['b', 'a']),
    );
  });

  it('is the same for typed values and for their texts', async () => {
    const typed = [
      ['5', 'true', "DATE '2026-01-02'"],
      ['7', 'false', 'NULL'],
      ['NULL', 'true', "DATE '2026-01-02'"],
    ];
    const floating = typed.map(([a = '', ...rest]) => [`CAST(${a} AS DOUBLE)`, ...rest]);
    const texts = [
      ["'5'", "'true'", "'2026-01-02'"],
      ["'7.0'", "'FALSE'", "''"],
      ["''", "'True'", "'2026-01-02'"],
    ];
    const of = ['a', 'b', 'c'];
    const expected = await idsOf('texts.parquet', texts, of);
    for (const [name, rows] of Object.entries({ typed, floating }))
      for (const extension of ['parquet', 'csv'])
        expect(await idsOf(`${name}.${extension}`, rows, of)).toEqual(expected);
  });
});

describe('a cross', () => {
  const features = [cross('x', ['a', 'b']), category('a', { embedding: 'a' })];
  const declaration = declare(features, { embeddings: [table('x', HASH)] });
  const LOG = `SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, CASE WHEN i < 400 THEN 'train' ELSE 'test' END AS part,
    CASE WHEN i % 5 > 0 THEN 'a' || (i % 7) END AS a, CASE WHEN i % 5 > 1 THEN i % 3 END AS b FROM range(500) t(i)`;
  const relation = (names: Readonly<Record<string, string>>): Relation => ({
    from: `(SELECT 0 AS "#row", ${Object.entries(names).map(([name, value]) => `${value} AS ${name}`)})`,
    columns: Object.keys(names).map((name) => ({ name, type: 'VARCHAR', sql: name })),
    isText: false,
    texts: CSV_DEFAULTS,
    name: 'candidates.parquet',
  });

  it('is an input of ids, beside a feature of one of its columns', async () => {
    const { encoder } = await fitEncoder(
      place.database,
      await openLog(place, await place.write('x.parquet', LOG), declaration),
    );
    expect(encoder.inputs).toEqual([
      { kind: 'id', name: 'x', entity: 'context', table: 'x' },
      { kind: 'id', name: 'a', entity: 'user', table: 'a' },
    ]);
    expect(encoder.tables[0]).toEqual({ name: 'x', dimension: 4, rows: 1 + reference.buckets });
    expect(encoder.vocabularies.x).toBeUndefined();
  });

  it('is counted in summaries, distributions and validation', async () => {
    const path = await place.write('counted.parquet', LOG);
    const { summary, distributions } = await fitEncoder(place.database, await openLog(place, path, declaration));
    // Both values are missing in every fifth row.
    expect(summary.missing.x).toBe(80);
    const { x } = distributions;
    if (x?.kind !== 'values') throw new Error('x has no values');
    expect([x.rows, x.missing, x.total]).toEqual([400, 80, 320]);
    // Seven values of a alone, and each of them with each of three values of b.
    expect(x.top).toHaveLength(28);
    expect(x.top.every(([, , name]) => name === null)).toBe(true);
    const report = await validateLog(place.database, await openLog(place, path, declaration));
    expect(report.distinct.x).toBe(28);
  });

  it('is reported as suspicious with all its columns where they predict a label only together', async () => {
    const log = `SELECT i AS row, (i // 2 + i // 4) % 2 AS click, 0 AS conversion, 'train' AS part,
      'a' || (i // 2 % 2) AS a, 'b' || (i // 4 % 2) AS b FROM range(4000) t(i)`;
    const path = await place.write('suspicious.parquet', log);
    const clicks = declare(features, { ...declaration, stages: declaration.stages.slice(0, 1), roles: null });
    const { summary } = await validateLog(place.database, await openLog(place, path, clicks));
    expect(summary.suspicious).toEqual([{ feature: 'x', column: 'a x b', stage: 'click', auc: 1 }]);
  });

  it('needs all of its columns, with a single value in each row', () => {
    const check = (names: Record<string, string>, types: Record<string, string> = {}) => {
      const given = relation(names);
      const typed = given.columns.map((column) => ({ ...column, type: types[column.name] ?? column.type }));
      checkCandidateColumns({ ...given, columns: typed }, declaration, features);
    };
    expect(() => check({ row: '0', a: "'a'" })).toThrow('candidate columns missing: b (in candidates.parquet)');
    expect(() => check({ row: '0' })).toThrow('candidate columns missing: a, b (in candidates.parquet)');
    expect(() => check({ row: '0', a: "'a'", b: 'NULL' }, { b: 'INTEGER[]' })).toThrow(
      'candidate columns of a wrong type: b is INTEGER[], expected a single value (in candidates.parquet)',
    );
  });

  it('uses the value for scoring of a column that candidates lack', async () => {
    const path = await place.write('constant.parquet', LOG);
    const ids = async (constant: string | null, names: Record<string, string>) => {
      const x = cross('x', [], { of: [{ column: 'a' }, { column: 'b', atScoring: constant }] });
      const log = await openLog(place, path, declare([x], { embeddings: [table('x', HASH)] }));
      const { encoder } = await fitEncoder(place.database, log);
      checkCandidateColumns(relation(names), declaration, encoder.features);
      for await (const chunk of encodeCandidates(place.database, relation(names), [], encoder)) return chunk.ids.x?.[0];
      return undefined;
    };
    const known = await ids(null, { row: '0', a: "'a1'", b: "'2'" });
    expect(await ids('2', { row: '0', a: "'a1'" })).toBe(known);
    expect(await ids(null, { row: '0', a: "'a1'" })).toBe(await ids(null, { row: '0', a: "'a1'", b: 'NULL' }));
    expect(await ids(null, { row: '0', a: "'a1'" })).not.toBe(known);
  });

  it('is in the written encoder, which is refused where the columns are in another order', async () => {
    const { encoder } = await fitEncoder(
      place.database,
      await openLog(place, await place.write('w.parquet', LOG), declaration),
    );
    const folder = place.at('version');
    await writeEncoder(place.database, encoder, folder);
    expect(await readEncoder(place.database, folder)).toMatchObject({ features, inputs: encoder.inputs });
    const copy = place.at('exchanged');
    await cp(folder, copy, { recursive: true });
    const text = await readFile(`${copy}/encoder.json`, 'utf8');
    const {
      features: [own, ...others],
      ...rest
    } = JSON.parse(text);
    await writeFile(
      `${copy}/encoder.json`,
      JSON.stringify({ ...rest, features: [{ ...own, of: own.of.toReversed() }, ...others] }),
    );
    await expect(readEncoder(place.database, copy)).rejects.toMatchObject({
      name: 'EncoderMismatchError',
      feature: 'x',
      value: '"no such value" x null',
    });
  });

  it('has a value in the canary for each of its columns that candidates must have', async () => {
    const x = cross('x', [], { of: [{ column: 'a' }, { column: 'b' }, { column: 'position', atScoring: '1' }] });
    await writeCanary(place.database, declare([x], { embeddings: [table('x', HASH)] }), place.at('canary.parquet'));
    expect(await place.read(place.at('canary.parquet'))).toEqual([{ row: 'entirespace-doctor', a: '1', b: '1' }]);
  });
});

describe('the probe of a cross', () => {
  it('has a row with all values missing, one with each alone missing, and different texts side by side', () => {
    const feature = cross('pair', ['a', 'b']);
    expect(featureKind(feature).probe(feature, ['', 'x', 'y'], undefined)).toEqual([
      [null, null, 'x', '', 'x', 'y'],
      [null, 'x', null, 'x', 'y', ''],
    ]);
  });
});
