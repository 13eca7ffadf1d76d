import { expect, it } from 'vitest';
import { countRepeatedKeys } from '../../../../lib/table/formats/parquet/repeated-keys.ts';
import { workplace } from '../../fixture.ts';

const place = workplace();

it.each([
  { what: 'rows in the order of their key', keys: ['a'], rows: '(1), (2), (30)', repeated: 0 },
  { what: 'rows in another order', keys: ['a'], rows: '(2), (30), (1)', repeated: 0 },
  { what: 'rows in order of which two have one key', keys: ['a'], rows: '(1), (2), (2), (3)', repeated: 1 },
  { what: 'rows apart with one key', keys: ['a'], rows: '(1), (2), (1), (1)', repeated: 2 },
  { what: 'texts in order', keys: ['a'], rows: "('a'), ('ab'), ('b')", repeated: 0 },
  { what: 'several keys in order', keys: ['a', 'b'], rows: '(1, 9), (2, 1), (2, 2), (3, 0)', repeated: 0 },
  { what: 'several keys, the last out of order', keys: ['a', 'b'], rows: '(1, 2), (1, 1), (2, 1)', repeated: 0 },
  { what: 'several keys that repeat', keys: ['a', 'b'], rows: '(1, 2), (1, 3), (1, 2), (2, 3)', repeated: 1 },
  { what: 'no rows', keys: ['a'], rows: null, repeated: 0 },
])('counts rows that repeat keys: $what', async ({ what, keys, rows, repeated }) => {
  const values = rows === null ? '(1)' : rows;
  const where = rows === null ? ' WHERE false' : '';
  const select = `SELECT * FROM (VALUES ${values}) AS t(${keys.join(', ')})${where}`;
  const path = await place.write(`${what}.parquet`, select);
  expect(await countRepeatedKeys(place.database, keys, path)).toBe(repeated);
});
