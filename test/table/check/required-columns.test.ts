import { describe, expect, it } from 'vitest';
import { CSV_DEFAULTS } from '../../../lib/config/sections/csv.ts';
import { checkTrainedKinds } from '../../../lib/table/check/required-columns.ts';
import { byPosition, type ColumnKind } from '../../../lib/table/columns.ts';
import { category } from '../fixture.ts';

function check(trained: ColumnKind, type: string): void {
  const relation = {
    from: '',
    columns: byPosition([{ name: 'x', type }]),
    isText: false,
    texts: CSV_DEFAULTS,
    name: 'x.parquet',
  };
  checkTrainedKinds(relation, { features: [category('x')], columnKinds: { x: trained } });
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
