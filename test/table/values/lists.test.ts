import { describe, expect, it } from 'vitest';
import type { Value } from '../../../lib/table/columns.ts';
import { bagTexts, bagWeights } from '../../../lib/table/values/lists.ts';
import { workplace } from '../fixture.ts';
import { evaluate } from './evaluate.ts';

const place = workplace();

describe('the canonical texts of a bag', () => {
  const listOf = (delimiter: string | null) => (value: Value) => bagTexts(value, delimiter);

  it.each([
    { sql: "['1.0', 'NaN', NULL, '2.5']", type: 'DOUBLE[]', texts: ['1', null, null, '2.5'] },
    { sql: '[true, false]', type: 'BOOLEAN[]', texts: ['1', '0'] },
    { sql: "['True', '5.0', NULL, 'x', ' NULL']", type: 'VARCHAR[]', texts: ['1', '5', null, 'x', null] },
    { sql: "['2026-05-01 00:00:00']", type: 'TIMESTAMP[]', texts: ['2026-05-01'] },
    { sql: '[[1], [2]]', type: 'INTEGER[][]', texts: ['[1]', '[2]'] },
    { sql: '[7, 8]', type: 'INTEGER[2]', texts: ['7', '8'] },
    { sql: 'NULL', type: 'VARCHAR[]', texts: null },
    { sql: "'FALSE,5.0,x'", type: 'VARCHAR', texts: ['0', '5', 'x'] },
    { sql: "'a, b ,c'", type: 'VARCHAR', texts: ['a', 'b', 'c'] },
    { sql: "'a,b,'", type: 'VARCHAR', texts: ['a', 'b'] },
    { sql: "'a,,b'", type: 'VARCHAR', texts: ['a', null, 'b'] },
    { sql: `'"a","b c"'`, type: 'VARCHAR', texts: ['a', 'b c'] },
    { sql: "'''a'', ''b'''", type: 'VARCHAR', texts: ['a', 'b'] },
    { sql: "'[''a'', ''b'']'", type: 'VARCHAR', texts: ['a', 'b'] },
    { sql: '\'["a", "b,c"]\'', type: 'VARCHAR', texts: ['a', 'b,c'] },
    { sql: '\'["caf\\u00e9", null, 7.0]\'', type: 'VARCHAR', texts: ['café', null, '7'] },
    { sql: "'[1, 2]'", type: 'VARCHAR', texts: ['1', '2'] },
    { sql: "' [New York, Paris] '", type: 'VARCHAR', texts: ['New York', 'Paris'] },
    { sql: "'[''a'' ''b c'']'", type: 'VARCHAR', texts: ['a', 'b c'] },
    { sql: "'[1 2\n 3]'", type: 'VARCHAR', texts: ['1', '2', '3'] },
    { sql: '\'{a,"b c"}\'', type: 'VARCHAR', texts: ['a', 'b c'] },
    { sql: "'(''a'', ''b'')'", type: 'VARCHAR', texts: ['a', 'b'] },
    { sql: "'[''a'', None]'", type: 'VARCHAR', texts: ['a', null] },
    { sql: "['\\xC3\\xA9', 'b']", type: 'BLOB[]', texts: ['é', 'b'] },
    { sql: "'[''n\\nl'', ''a\\\\nb'']'", type: 'VARCHAR', texts: ['n\nl', 'a\\nb'] },
    { sql: "'[''\\xa0x\\xe9'', ''a\\u200bb'']'", type: 'VARCHAR', texts: ['xé', 'a\u200bb'] },
    { sql: "'[''it\\''s \"q\"'', \"it''s\"]'", type: 'VARCHAR', texts: ['it\'s "q"', "it's"] },
    { sql: "'[np.int64(1), np.float32(2.5), None]'", type: 'VARCHAR', texts: ['1', '2.5', null] },
    { sql: "'[np.str_(''a''), np.str_(''b'')]'", type: 'VARCHAR', texts: ['a', 'b'] },
    { sql: "'[C:\\dir, b]'", type: 'VARCHAR', texts: ['C:\\dir', 'b'] },
    { sql: "'[]'", type: 'VARCHAR', texts: [] },
    { sql: "''", type: 'VARCHAR', texts: null },
    { sql: "'NULL'", type: 'VARCHAR', texts: null },
  ])('of $sql as $type are $texts', async ({ texts, ...value }) => {
    expect(await evaluate(place, value, listOf(','))).toEqual(texts);
  });

  it('do not depend on the delimiter if the list is written in brackets', async () => {
    for (const delimiter of ['|', ' ', ', ', '::', null])
      expect(await evaluate(place, { sql: "'[''a b'', ''c'']'", type: 'VARCHAR' }, listOf(delimiter))).toEqual([
        'a b',
        'c',
      ]);
  });

  it('are none without a delimiter and without brackets', async () => {
    expect(await evaluate(place, { sql: "'a|b'", type: 'VARCHAR' }, listOf(null))).toBeNull();
  });

  it('may be separated by blanks or by several characters', async () => {
    expect(await evaluate(place, { sql: "' a  b '", type: 'VARCHAR' }, listOf(' '))).toEqual(['a', null, 'b']);
    expect(await evaluate(place, { sql: "'a::b::'", type: 'VARCHAR' }, listOf('::'))).toEqual(['a', 'b']);
  });
});

describe('the weights of a bag', () => {
  const weightsOf = (value: Value) => bagWeights(value, ',');
  it.each([
    { sql: "'[0.5, 1]'", type: 'VARCHAR', weights: [0.5, 1] },
    { sql: "'0.5, 1,'", type: 'VARCHAR', weights: [0.5, 1] },
    { sql: "'0.5,x'", type: 'VARCHAR', weights: [0.5, null] },
    { sql: "[0.5, 'NaN'::DOUBLE]", type: 'DOUBLE[]', weights: [0.5, null] },
    { sql: '[1, 2]', type: 'DECIMAL(4,1)[]', weights: [1, 2] },
  ])('of $sql as $type are $weights', async ({ weights, ...value }) => {
    expect(await evaluate(place, value, weightsOf)).toEqual(weights);
  });
});
