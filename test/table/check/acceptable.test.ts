import { describe, expect, it } from 'vitest';
import { describeReject } from '../../../lib/table/check/acceptable.ts';

describe('the text of rejected rows', () => {
  const reject = {
    reason: 'label_not_binary',
    column: 'click',
    rows: 12,
    examples: [3, 17, 99].map((row) => ({ row, value: '2' })),
  };
  const file = (path: string, rows: number) => ({ path, rows, parquet: path, columns: [], isText: false });

  it('names rows of a single file by their numbers', () => {
    expect(describeReject(reject, [], [file('a.csv', 100)])).toBe(
      'label_not_binary in click: 12 rows, got "2", expected a good row, in rows 3, 17, 99',
    );
  });

  it('names the files, from whose beginnings rows count, if there are several', () => {
    expect(describeReject(reject, [], [file('a.csv', 18), file('b.csv', 50), file('c.csv', 50)])).toBe(
      'label_not_binary in click: 12 rows, got "2", expected a good row, in rows 3, 17 of a.csv, row 31 of c.csv',
    );
  });
});
