import { describe, expect, it } from 'vitest';
import { checkLog } from '../../../lib/table/check/log.ts';
import { validateLog } from '../../../lib/table/fit/validate.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import { bag, category, declare, LOG_DEFAULTS, number, openLog, rowsSql, workplace } from '../fixture.ts';

const place = workplace();

/** Rows with features that predict nothing about the labels, and others that predict one perfectly. */
const LOG = `SELECT i AS row, h % 5 // 4 AS click, h % 10 // 9 AS conversion, CASE WHEN i % 4 = 0 THEN 'test' ELSE 'train' END AS part,
  'u' || i AS unique_id, h // 1000 % 7 AS noise, CASE WHEN h % 5 = 4 THEN 'opened' ELSE 'sent' END AS status, -(h % 5 // 4) + random_free / 10 AS dwell,
  CASE WHEN h % 10 = 9 THEN ['thanks', 'bye'] ELSE ['hello'] END AS pages, CASE WHEN i % 2 = 0 THEN h // 100 % 11 END AS price
  FROM (SELECT i, i * 7919 % 10007 AS h, i * 31 % 9 AS random_free FROM range(4000) t(i))`;

const features = [
  category('unique_id'),
  category('noise'),
  category('status'),
  number('dwell'),
  bag('pages'),
  number('price'),
];

describe('the report on a log', () => {
  it('names columns that predict a label by themselves, but not those whose values are merely unique', async () => {
    const log = await openLog(place, await place.write('leaks.parquet', LOG), declare(features));
    const { distinct, summary } = await validateLog(place.database, log);
    const { suspicious } = summary;
    expect(suspicious.map(({ feature, stage }) => [feature, stage])).toEqual([
      ['status', 'click'],
      ['dwell', 'click'],
      ['pages', 'conversion'],
    ]);
    for (const { auc } of suspicious) expect(auc).toBe(1);
    expect(distinct).toEqual({ unique_id: 4000, noise: 7, status: 2, dwell: 18, pages: 3, price: 11 });
    expect(summary.parts.train.rows).toBe(3000);
    // The price is missing in the odd rows, which are all in the training part.
    expect(summary.missing.price).toBe(2000);
  });

  it('has the counts of bad rows', async () => {
    const rows = ["0, 1, 1, 'train'", "1, 0, 0, 'train'", "2, 2, 0, 'train'"];
    const source = await openSource(
      place.database,
      await place.write('bad.csv', rowsSql('row, click, conversion, part', rows)),
    );
    const declaration = declare([], { log: { ...LOG_DEFAULTS, maxRejected: 0.5 } });
    const rejectsPath = place.at('rejects.parquet');
    const log = await checkLog(place.database, source, declaration, { rejectsPath });
    const { rejects, summary } = await validateLog(place.database, log);
    expect(rejects).toEqual([
      { reason: 'label_not_binary', column: 'click', rows: 1, examples: [{ row: 2, value: '2' }] },
    ]);
    expect(summary).toMatchObject({ rejected: 1, rejectedByReason: { label_not_binary: 1 } });
    expect(await place.read(rejectsPath)).toHaveLength(1);
  });

  it('fails where too many rows are bad', async () => {
    const path = await place.write(
      'many.csv',
      rowsSql('row, click, conversion, part', ["0, 2, 0, 'train'", "1, 0, 0, 'train'"]),
    );
    await expect(validateLog(place.database, await openLog(place, path, declare([])))).rejects.toMatchObject({
      code: 'too_many_rejects',
    });
  });

  it('fails where a label has only one class', async () => {
    const path = await place.write(
      'one-class.csv',
      rowsSql('row, click, conversion, part', ["0, 1, 0, 'train'", "1, 0, 0, 'train'"]),
    );
    await expect(validateLog(place.database, await openLog(place, path, declare([])))).rejects.toMatchObject({
      code: 'one_class',
      message: `no conversion in the training part (2 rows): conversion is 0 in every row that counts, expected both 0 and 1 (in ${path})`,
    });
  });
});
