import { describe, expect, it } from 'vitest';
import { columnKind, type TextRules, type Value } from '../../../lib/table/columns.ts';
import { execute, query } from '../../../lib/table/database.ts';
import { canonicalOfText, canonicalText, groupText } from '../../../lib/table/values/canonical.ts';
import { workplace } from '../fixture.ts';
import { evaluate, TEXTS } from './evaluate.ts';

const place = workplace();

/** Values that are the same: each line is one value, its canonical text first, then the ways in which files have it. */
const SAME: readonly (readonly [text: string, ...ways: readonly (readonly [sql: string, type: string])[]])[] = [
  [
    '7',
    ['7', 'BIGINT'],
    ['7', 'UTINYINT'],
    ['7', 'HUGEINT'],
    ['7', 'DOUBLE'],
    ['7', 'FLOAT'],
    ['7', 'DECIMAL(10,0)'],
    ['7', 'DECIMAL(10,3)'],
    ["'7'", 'VARCHAR'],
    ["'007'", 'VARCHAR'],
    ["' 7'", 'VARCHAR'],
    ["'7\t'", 'VARCHAR'],
    ["'\u00a07\u2003'", 'VARCHAR'],
    ["'\ufeff7'", 'VARCHAR'],
    ["'+7'", 'VARCHAR'],
    ["'7.'", 'VARCHAR'],
    ["'7.0'", 'VARCHAR'],
    ["'7.000000'", 'VARCHAR'],
    ["'7.000000e+00'", 'VARCHAR'],
    ["'7.0E0'", 'VARCHAR'],
    ["'0.7e+1'", 'VARCHAR'],
  ],
  [
    '7.5',
    ['7.50', 'DECIMAL(10,2)'],
    ['7.500', 'DECIMAL(10,3)'],
    ['7.5', 'DOUBLE'],
    ['7.5', 'FLOAT'],
    ["'7.5'", 'VARCHAR'],
    ["'+07.50'", 'VARCHAR'],
    ["'7.5E0'", 'VARCHAR'],
    ["'7.500000e+00'", 'VARCHAR'],
  ],
  [
    '0',
    ['0', 'INTEGER'],
    ['-0.0', 'DOUBLE'],
    ["'-0.0'", 'FLOAT'],
    ['0', 'DECIMAL(4,2)'],
    ["'-0'", 'VARCHAR'],
    ["'-0.00'", 'VARCHAR'],
    ["'.0'", 'VARCHAR'],
    ["'000'", 'VARCHAR'],
    ["'0e+0'", 'VARCHAR'],
    ['false', 'BOOLEAN'],
    ["'False'", 'VARCHAR'],
    ["'fALSE'", 'VARCHAR'],
  ],
  ['1', ['true', 'BOOLEAN'], ["'true'", 'VARCHAR'], ["'TRUE'", 'VARCHAR'], ["' True '", 'VARCHAR'], ['1', 'TINYINT']],
  [
    '-0.5',
    ['-0.50', 'DECIMAL(5,2)'],
    ['-0.5', 'DECIMAL(3,3)'],
    ['-0.5', 'DOUBLE'],
    ["'-.5'", 'VARCHAR'],
    ["'-5e-1'", 'VARCHAR'],
  ],
  [
    '0.1',
    ['0.1', 'DOUBLE'],
    ['0.1', 'FLOAT'],
    ['CAST(0.1 AS FLOAT)', 'DOUBLE'],
    ["'0.10000000149011612'", 'VARCHAR'],
    ["'0.10000000000000001'", 'VARCHAR'],
    ["'0.1000000000000000055511151231257827'", 'VARCHAR'],
    ['0.1', 'DECIMAL(38,20)'],
    ["'1e-1'", 'VARCHAR'],
  ],
  ['0.30000000000000004', ['0.1::DOUBLE + 0.2::DOUBLE', 'DOUBLE'], ["'0.30000000000000004'", 'VARCHAR']],
  ['3.14', ['3.14', 'FLOAT'], ['CAST(3.14 AS FLOAT)', 'DOUBLE'], ["'3.140000104904175'", 'VARCHAR']],
  ['0.000015258789', ['pow(2, -16)', 'FLOAT'], ['pow(2, -16)', 'DOUBLE'], ["'0.0000152587890625'", 'VARCHAR']],
  ['0.0000001', ['1e-7', 'DOUBLE'], ['1e-7', 'FLOAT'], ["'0.0000001'", 'VARCHAR'], ["'1.0E-7'", 'VARCHAR']],
  ['-0.00001234', ['-1.234e-5', 'DOUBLE'], ["'-0.00001234'", 'VARCHAR'], ["'-1.234e-05'", 'VARCHAR']],
  [
    '10000000000000000',
    ['1e16', 'DOUBLE'],
    ["'1e+16'", 'VARCHAR'],
    ["'1.0E16'", 'VARCHAR'],
    ["'10000000000000000.0'", 'VARCHAR'],
    ['10000000000000000', 'BIGINT'],
    ['10000000000000000', 'DECIMAL(20,2)'],
  ],
  [
    '1152921504606846976',
    ['pow(2, 60)', 'DOUBLE'],
    ['1152921504606846976', 'BIGINT'],
    ["'1.152921504606847e+18'", 'VARCHAR'],
  ],
  [
    '99999999999999991611392',
    ['1e23', 'DOUBLE'],
    ["'1e+23'", 'VARCHAR'],
    ["'99999999999999991611392.000000'", 'VARCHAR'],
  ],
  [
    '9007199254740993',
    ['9007199254740993', 'BIGINT'],
    ["'9007199254740993'", 'VARCHAR'],
    ['9007199254740993', 'DECIMAL(18,0)'],
  ],
  ['18446744073709551615', ['18446744073709551615', 'UBIGINT'], ["'018446744073709551615'", 'VARCHAR']],
  ['1e+300', ['1e300', 'DOUBLE'], ["'1E+300'", 'VARCHAR'], ["'1.0E300'", 'VARCHAR']],
  ['-inf', ["'-Infinity'", 'DOUBLE'], ["'-inf'", 'FLOAT'], ["'-inf'", 'VARCHAR']],
  [
    '2026-05-01',
    ["'2026-05-01'", 'DATE'],
    ["'2026-05-01'", 'TIMESTAMP'],
    ["'2026-05-01'", 'TIMESTAMP_S'],
    ["'2026-05-01'", 'TIMESTAMP_MS'],
    ["'2026-05-01'", 'TIMESTAMP_NS'],
    ["'2026-05-01 02:00:00+02'", 'TIMESTAMP WITH TIME ZONE'],
    ["'2026-05-01'", 'VARCHAR'],
    ["'2026-05-01 00:00:00'", 'VARCHAR'],
    ["'2026-05-01T00:00:00.000Z'", 'VARCHAR'],
    ["'2026-05-01T02:00:00+02:00'", 'VARCHAR'],
    ["'2026-05-01 00:00:00+00:00'", 'VARCHAR'],
  ],
  [
    '2026-05-01 03:00:00',
    ["'2026-05-01 03:00:00'", 'TIMESTAMP'],
    ["'2026-05-01 03:00:00'", 'TIMESTAMP_S'],
    ["'2026-05-01 03:00:00'", 'TIMESTAMP_MS'],
    ["'2026-05-01 03:00:00'", 'TIMESTAMP_NS'],
    ["'2026-05-01 03:00:00+00'", 'TIMESTAMP WITH TIME ZONE'],
    ["'2026-05-01T03:00:00'", 'VARCHAR'],
    ["'2026-05-01T03:00:00Z'", 'VARCHAR'],
    ["'2026-05-01 03:00:00 UTC'", 'VARCHAR'],
    ["'2026-05-01T05:00:00+0200'", 'VARCHAR'],
    ["'2026-04-30 22:00:00-05'", 'VARCHAR'],
    ["'2026-05-01 03:00'", 'VARCHAR'],
    ["'2026-05-01T03:00:00.000000'", 'VARCHAR'],
  ],
  [
    '2026-05-01 03:00:00.25',
    ["'2026-05-01 03:00:00.25'", 'TIMESTAMP'],
    ["'2026-05-01T03:00:00.250Z'", 'VARCHAR'],
    ["'2026-05-01 03:00:00,25'", 'VARCHAR'],
    ["'2026-05-01 03:00:00.250000009'", 'TIMESTAMP_NS'],
    ["'2026-05-01 03:00:00.250000009'", 'VARCHAR'],
  ],
  [
    '0b0e7a3c-1f2d-4e5f-8a9b-0c1d2e3f4a5b',
    ["'0b0e7a3c-1f2d-4e5f-8a9b-0c1d2e3f4a5b'", 'UUID'],
    ["'0B0E7A3C-1F2D-4E5F-8A9B-0C1D2E3F4A5B'", 'VARCHAR'],
    ["'{0B0E7A3C-1F2D-4E5F-8A9B-0C1D2E3F4A5B}'", 'VARCHAR'],
  ],
  ['ABCDEF01-1f2d-4e5f-8a9b-0c1d2e3f4a5b'.toLowerCase(), ["'ABCDEF01-1F2D-4E5F-8A9B-0C1D2E3F4A5B'", 'VARCHAR']],
  ['caf\u00e9', ["'caf\u00e9'", 'VARCHAR'], ["'cafe\u0301'", 'VARCHAR'], ["' cafe\u0301 '", 'VARCHAR']],
  ['item 12', ["'item 12'", 'VARCHAR'], ["'item 12 '", 'VARCHAR'], ["'item 12'", "ENUM('item 12')"]],
];

const WAYS = SAME.flatMap(([text, ...ways]) => ways.map(([sql, type]) => ({ text, sql, type })));

describe('the canonical text', () => {
  it.each(WAYS)('of $sql as $type is $text', async ({ text, ...way }) => {
    expect(await evaluate(place, way, canonicalText)).toBe(text);
  });

  it.each(SAME.map(([text]) => text))('of its own result %s is the same', async (text) => {
    expect(await evaluate(place, { sql: `'${text}'`, type: 'VARCHAR' }, canonicalText)).toBe(text);
  });

  it.each([
    '1e3',
    '12e4',
    '1.2.0',
    'v1.0',
    '1,000',
    '0x10',
    't',
    'yes',
    '-',
    '.',
    '+',
    '1e',
    '1e+999',
    '20260501',
    '2026-02-30 10:00:00',
    '2026/05/01',
    'trueish',
    'Nullable',
    'NAN1',
    'a',
    '日本 🎉',
    'a  b',
    `quoted "'`.replace("'", "''"),
  ])('of the text %s is itself', async (text) => {
    expect(await evaluate(place, { sql: `'${text}'`, type: 'VARCHAR' }, canonicalText)).toBe(text.replace("''", "'"));
  });

  it.each([
    ["''", 'VARCHAR'],
    ["'   '", 'VARCHAR'],
    ["'\u00a0'", 'VARCHAR'],
    ['NULL', 'VARCHAR'],
    ['NULL', 'DOUBLE'],
    ['NULL', 'FLOAT'],
    ['NULL', 'DECIMAL(10,2)'],
    ['NULL', 'BIGINT'],
    ['NULL', 'DATE'],
    ['NULL', 'UUID'],
    ['NULL', 'BOOLEAN'],
    ['NULL', 'TIMESTAMP'],
    ["'NaN'", 'DOUBLE'],
    ["'-NaN'", 'FLOAT'],
    ["' NULL '", 'VARCHAR'],
    ...TEXTS.nullValues.map((text) => [`'${text}'`, 'VARCHAR']),
  ])('of %s as %s is missing', async (sql = '', type = '') => {
    expect(await evaluate(place, { sql, type }, canonicalText)).toBeNull();
  });

  it('has the null values that are declared, and no others', async () => {
    const texts: TextRules = { nullValues: ['-999', 'not available'], decimal: '.' };
    const of = (text: string) => evaluate(place, { sql: `'${text}'`, type: 'VARCHAR', texts }, canonicalText);
    expect(await of('-999')).toBeNull();
    expect(await of(' not available')).toBeNull();
    expect(await of('None')).toBe('None');
    const none: TextRules = { nullValues: [], decimal: '.' };
    expect(await evaluate(place, { sql: "'NULL'", type: 'VARCHAR', texts: none }, canonicalText)).toBe('NULL');
  });

  it('reads a declared decimal mark, and then no point', async () => {
    const texts: TextRules = { ...TEXTS, decimal: ',' };
    const of = (text: string) => evaluate(place, { sql: `'${text}'`, type: 'VARCHAR', texts }, canonicalText);
    expect(await of('7,50')).toBe('7.5');
    expect(await of('7,0')).toBe('7');
    expect(await of('007')).toBe('7');
    expect(await of('1.000')).toBe('1.000');
    expect(await of('a,b')).toBe('a,b');
  });

  it('is found in the whole column, not for a constant alone', async () => {
    const { database } = place;
    const rows = SAME.flatMap(([text, ...ways]) =>
      ways.filter(([, type]) => type === 'VARCHAR').map(([sql]) => `(${sql}, '${text}')`),
    );
    await execute(database, `CREATE TABLE texts AS SELECT * FROM (VALUES ${rows.join(', ')}) AS t(c0, expected)`);
    const wrong = await query(
      database,
      `SELECT * FROM (SELECT c0, expected, ${canonicalOfText('c0', TEXTS)} AS got FROM texts) WHERE got IS DISTINCT FROM expected`,
    );
    expect(wrong).toEqual([]);
    expect(rows.length).toBeGreaterThan(50);
  });
});

describe('the group of a row', () => {
  it('is that of no other row if its value is missing', async () => {
    const value: Value = { sql: 'c0', type: 'DOUBLE', kind: columnKind('DOUBLE'), texts: TEXTS };
    const rows = `(VALUES (0, 'NaN'::DOUBLE), (1, 'NaN'::DOUBLE), (2, NULL), (3, 5.0)) AS t("#row", c0)`;
    const groups = await query(place.database, `SELECT ${groupText(value)} AS text FROM ${rows}`);
    expect(groups.map(({ text }) => text)).toEqual(['#row 0', '#row 1', '#row 2', '5']);
  });
});
