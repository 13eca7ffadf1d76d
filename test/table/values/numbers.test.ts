import { describe, expect, it } from 'vitest';
import { numberSql } from '../../../lib/table/values/numbers.ts';
import { nullValueSql, presentSql } from '../../../lib/table/values/texts.ts';
import { workplace } from '../fixture.ts';
import { evaluate, TEXTS } from './evaluate.ts';

const place = workplace();

describe('the number', () => {
  it.each([
    { sql: '7', type: 'TINYINT', number: 7 },
    { sql: '7.25', type: 'DECIMAL(10,2)', number: 7.25 },
    { sql: '7.25', type: 'FLOAT', number: 7.25 },
    { sql: 'true', type: 'BOOLEAN', number: 1 },
    { sql: "'True'", type: 'VARCHAR', number: 1 },
    { sql: "' FALSE '", type: 'VARCHAR', number: 0 },
    { sql: "'t'", type: 'VARCHAR', number: null },
    { sql: "'NaN'", type: 'DOUBLE', number: null },
    { sql: "'-NaN'", type: 'FLOAT', number: null },
    { sql: "'7.25'", type: 'VARCHAR', number: 7.25 },
    { sql: "' 7.25'", type: 'VARCHAR', number: 7.25 },
    { sql: "'\u00a07.25\ufeff'", type: 'VARCHAR', number: 7.25 },
    { sql: "'7.25E0'", type: 'VARCHAR', number: 7.25 },
    { sql: "'1,000'", type: 'VARCHAR', number: null },
    { sql: "'nan'", type: 'VARCHAR', number: null },
    { sql: "'inf'", type: 'VARCHAR', number: Number.POSITIVE_INFINITY },
    { sql: "''", type: 'VARCHAR', number: null },
  ])('of $sql as $type is $number', async ({ number, ...value }) => {
    expect(await evaluate(place, value, numberSql)).toBe(number);
  });

  it.each([
    ['7,25', 7.25],
    ['-,5', -0.5],
    ['7', 7],
    ['7.25', null],
    ['1.000,5', null],
  ])('of %s with a comma as the decimal mark is %s', async (text, number) => {
    const value = { sql: `'${text}'`, type: 'VARCHAR', texts: { ...TEXTS, decimal: ',' } as const };
    expect(await evaluate(place, value, numberSql)).toBe(number);
  });
});

describe('a value', () => {
  it.each([
    { sql: "'x'", type: 'VARCHAR', isPresent: true },
    { sql: "'a long text'", type: 'VARCHAR', isPresent: true },
    { sql: "'日本'", type: 'VARCHAR', isPresent: true },
    { sql: "'none'", type: 'VARCHAR', isPresent: true },
    { sql: "'\u2003\u2003\u2003'", type: 'VARCHAR', isPresent: false },
    { sql: "' None '", type: 'VARCHAR', isPresent: false },
    { sql: "'NaN'", type: 'DOUBLE', isPresent: false },
    { sql: '0', type: 'DOUBLE', isPresent: true },
    { sql: '0', type: 'BIGINT', isPresent: true },
    { sql: 'NULL', type: 'BIGINT', isPresent: false },
    { sql: 'NULL', type: 'VARCHAR', isPresent: false },
  ])('$sql as $type is present: $isPresent', async ({ isPresent, ...value }) => {
    expect(await evaluate(place, value, presentSql)).toBe(isPresent);
  });

  it.each([
    ['None', 'None'],
    ['  \\N', '\\N'],
    ['', null],
    ['x', null],
  ])('%s is the null value %s', async (text, word) => {
    expect(await evaluate(place, { sql: `'${text}'`, type: 'VARCHAR' }, nullValueSql)).toBe(word);
  });
});
