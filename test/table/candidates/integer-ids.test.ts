/**
 * Integers that are ids of an embedding table themselves: the row of each is the same whether the bounds of its column
 * are known or not.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { planCandidates } from '../../../lib/table/candidates/plan-file.ts';
import { scoreRows } from '../../../lib/table/candidates/score-shard.ts';
import { execute, literal, query } from '../../../lib/table/database.ts';
import type { EncodedChunk } from '../../../lib/table/encoded.ts';
import type { Encoder } from '../../../lib/table/encoder.ts';
import { fitEncoder } from '../../../lib/table/fit/fit-encoder.ts';
import { localCandidate } from '../../../lib/table/formats/candidate-file.ts';
import { category, declare, LOG_DEFAULTS, openLog, rowsSql, table, workplace } from '../fixture.ts';

const SIZE = 100;
const ROWS = 5000;
/** Columns by the SQL of their value in row `i`. */
const COLUMNS: Readonly<Record<string, string>> = {
  inside: `CAST(i % ${SIZE} AS INTEGER)`,
  small: 'CAST(i % 10 AS UTINYINT)',
  long: `i % ${SIZE}`,
  below: `CAST(CASE WHEN i = ${ROWS - 1} THEN -1 WHEN i = 0 THEN -2 ELSE i % ${SIZE} END AS INTEGER)`,
  above: `CAST(i % ${SIZE + 1} AS INTEGER)`,
  far: `CASE WHEN i = 3000 THEN 1099511627776 WHEN i = 3001 THEN -9223372036854775808 ELSE i % ${SIZE} END`,
  huge: `CASE WHEN i = 3000 THEN 18446744073709551615::UBIGINT ELSE CAST(i % ${SIZE} AS UBIGINT) END`,
  holes: `CAST(CASE WHEN i = 4999 THEN NULL ELSE i % ${SIZE} END AS INTEGER)`,
  empty: 'CAST(NULL AS INTEGER)',
  text: `CAST(i % ${SIZE} AS VARCHAR)`,
};
const NAMES = Object.keys(COLUMNS);
const DECLARATION = declare(
  NAMES.map((name) => category(name)),
  {
    log: { ...LOG_DEFAULTS, keys: ['row'] },
    embeddings: NAMES.map((name) => table(name, { kind: 'ids', size: SIZE })),
  },
);

const place = workplace();
let encoder: Encoder;
beforeAll(async () => {
  const rows = [0, 1, 2].map((row) =>
    [row, row === 0 ? '1, 1' : '0, 0', "'train'", ...NAMES.map(() => row)].join(', '),
  );
  const path = await place.write('train.parquet', rowsSql(`row, click, conversion, part, ${NAMES.join(', ')}`, rows));
  ({ encoder } = await fitEncoder(place.database, await openLog(place, path, DECLARATION)));
});

/** The rows of the table that the values of a column have: 0 where it has none, 1 where its value is no id. */
async function expected(name: string): Promise<number[]> {
  const values = await query(place.database, `SELECT ${COLUMNS[name]} AS value FROM range(${ROWS}) t(i)`);
  return values.map(({ value }) => {
    if (value === null) return 0;
    const id = BigInt(String(value));
    return id >= 0n && id < BigInt(SIZE) ? Number(id) + 2 : 1;
  });
}

async function scored(file: string, options: string) {
  const path = place.at(file);
  const columns = NAMES.map((name) => `${COLUMNS[name]} AS ${name}`).join(', ');
  const rows = `SELECT i AS row, ${columns} FROM range(${ROWS}) t(i)`;
  await execute(place.database, `COPY (${rows}) TO ${literal(path)} (${options})`);
  const candidates = await localCandidate(path);
  const plan = await planCandidates(place.database, candidates, {
    shardRows: ROWS,
    encoder,
    declaration: DECLARATION,
  });
  const ids = Object.fromEntries(NAMES.map((name): [string, number[]] => [name, []]));
  const predict = async (chunk: EncodedChunk) => {
    for (const name of NAMES) ids[name]?.push(...(chunk.ids[name] ?? []));
    return { pctr: new Float32Array(chunk.rows) };
  };
  const { features } = await scoreRows({
    database: place.database,
    file: candidates,
    plan,
    shard: plan.shards[0] as (typeof plan.shards)[number],
    declaration: DECLARATION,
    encoder,
    predict,
    outputs: ['pctr'],
    scoresPath: place.at(`scores-${file}.parquet`),
    rejectsPath: place.at(`rejects-${file}.parquet`),
  });
  return { plan, ids, features };
}

describe('integer ids', () => {
  it('have the bounds of their columns where the file has them, and no value is missing', async () => {
    const { plan } = await scored('bounds.parquet', 'FORMAT parquet, ROW_GROUP_SIZE 2048');
    expect(Object.fromEntries(plan.columns.map(({ name, bounds }) => [name, bounds]))).toEqual({
      row: [0, ROWS - 1],
      inside: [0, 99],
      small: [0, 9],
      long: [0, 99],
      below: [-2, 99],
      above: [0, 100],
      far: [-(2 ** 63), 2 ** 40],
      huge: undefined,
      holes: undefined,
      empty: undefined,
      text: undefined,
    });
  });

  it.each([
    ['rows.parquet', 'FORMAT parquet, ROW_GROUP_SIZE 2048'],
    ['rows.csv', 'FORMAT csv, HEADER true'],
  ])('are the rows of their table, whatever the column has beside them: %s', async (file, options) => {
    const { ids, features } = await scored(file, options);
    for (const name of NAMES) {
      const rows = await expected(name);
      expect({ name, ids: ids[name] }).toEqual({ name, ids: rows });
      const missing = rows.filter((row) => row === 0).length;
      const unknown = rows.filter((row) => row === 1).length;
      expect({ name, ...features[name] }).toEqual({ name, rows: ROWS, missing, values: ROWS - missing, unknown });
    }
  });
});
