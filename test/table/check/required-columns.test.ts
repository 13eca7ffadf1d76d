import { describe, expect, it } from 'vitest';
import { CSV_DEFAULTS } from '../../../lib/config/sections/csv.ts';
import { checkCandidateColumns, checkTrainedKinds } from '../../../lib/table/check/required-columns.ts';
import { byPosition, type ColumnKind } from '../../../lib/table/columns.ts';
import { bag, category, LOG_DEFAULTS } from '../fixture.ts';

const relationOf = (type: string) => ({
  from: '',
  columns: byPosition([{ name: 'x', type }]),
  isText: false,
  texts: CSV_DEFAULTS,
  name: 'x.parquet',
});

function check(trained: ColumnKind, type: string): void {
  checkTrainedKinds(relationOf(type), { features: [category('x')], columnKinds: { x: trained } });
}

describe('a column of candidates', () => {
  it.each([
    ['time', 'BIGINT', 'a time'],
    ['time', 'BOOLEAN', 'a time'],
    ['integer', 'DATE', 'a number'],
    ['floating', 'TIMESTAMP WITH TIME ZONE', 'a number'],
  ] as const)('of a log in which it was %s is refused as %s', (trained, type, expected) => {
    expect(() => check(trained, type)).toThrow(
      `candidate columns of a wrong type: x is ${type}, expected ${expected}, as in training (in x.parquet)`,
    );
  });

  it.each([
    ['time', 'VARCHAR'],
    ['text', 'DATE'],
    ['text', 'BIGINT'],
    ['integer', 'DOUBLE'],
    ['boolean', 'TINYINT'],
    ['time', 'DATE'],
  ] as const)('of a log in which it was %s may be %s', (trained, type) => {
    expect(() => check(trained, type)).not.toThrow();
  });
});

describe('a list', () => {
  const checkBag = (type: string) =>
    checkCandidateColumns(relationOf(type), { log: { ...LOG_DEFAULTS, keys: [] } }, [bag('x')]);

  it.each(['BIGINT[][]', 'STRUCT(a BIGINT)[]', 'MAP(VARCHAR, BIGINT)[]', 'TIME[]'])('of type %s is refused', (type) => {
    expect(() => checkBag(type)).toThrow(
      `candidate columns of a wrong type: x is ${type}, expected a list or text: write one list of single values in each row (in x.parquet)`,
    );
  });

  it.each(['BIGINT[]', 'BLOB[]', 'UUID[]', 'DATE[]', 'FLOAT[3]', "ENUM('a', 'b')[]"])('of type %s is read', (type) => {
    expect(() => checkBag(type)).not.toThrow();
  });
});
