import { describe, expect, it } from 'vitest';
import { checkLog } from '../../../lib/table/check/log.ts';
import { validateLog } from '../../../lib/table/fit/validate.ts';
import { openSource } from '../../../lib/table/source/source.ts';
import {
  bag,
  category,
  cross,
  declare,
  LOG_DEFAULTS,
  number,
  openLog,
  rowsSql,
  stage,
  table,
  vocabulary,
  workplace,
} from '../fixture.ts';

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

  it.each([
    ['a number that is there only where it happened', 'CASE WHEN click = 1 THEN r * 100 END', number('x')],
    ['an id that is there only where it happened', "CASE WHEN click = 1 THEN 'order' || i END", category('x')],
    ['an id that is missing only where it happened', "CASE WHEN click = 0 THEN 'order' || i END", category('x')],
    ['one number between others', 'CASE WHEN click = 1 THEN 7 WHEN r < 0.5 THEN 3 ELSE 9 END', number('x')],
    ['the label, wrong in a fiftieth of the rows', 'CASE WHEN r < 0.02 THEN 1 - click ELSE click END', category('x')],
    [
      'the label with noise',
      'click * 4 + sqrt(-2 * ln(r + 1e-9)) * cos(6.283185 * (i * 31 % 1009) / 1009)',
      number('x'),
    ],
    [
      'a value among others of a bag',
      "CASE WHEN click = 1 THEN ['p' || i, 'thanks', 'q' || i] ELSE ['p' || i, 'q' || i] END",
      bag('x'),
    ],
    ['a bag that is empty only where it happened', "CASE WHEN click = 1 THEN [] ELSE ['p' || i] END", bag('x')],
    [
      'both columns of a cross',
      'CASE WHEN click = 1 THEN noise ELSE (noise + 1 + i % 3) % 5 END',
      cross('c', ['noise', 'x']),
    ],
  ])('finds a leak: %s', async (name, x, feature) => {
    const log = `SELECT *, ${x} AS x FROM (SELECT i AS row, i, 'train' AS part, h % 5 // 4 AS click, 0 + (h % 10 // 9) AS conversion,
      h // 1000 % 5 AS noise, (i * 6271 % 10009) / 10009 AS r FROM (SELECT i, i * 7919 % 10007 AS h FROM range(4000) t(i)))`;
    const path = await place.write(`leak-${name}.parquet`, log);
    const { summary } = await validateLog(place.database, await openLog(place, path, declare([feature])));
    expect(summary.suspicious).toContainEqual({
      feature: feature.name,
      column: feature.type === 'cross' ? 'noise x x' : 'x',
      stage: 'click',
      auc: expect.closeTo(1, 1),
    });
  });

  it.each([['ten conversions ranked by chance', 'CASE WHEN i < 9 THEN 1 ELSE 0 END', number('x')]])(
    'says nothing of %s',
    async (name, conversion, feature) => {
      const log = `SELECT i AS row, 1 AS click, ${conversion} AS conversion, 'train' AS part, -i AS x FROM range(1000) t(i)`;
      const path = await place.write(`no-leak-${name}.parquet`, log);
      const declaration = declare([feature], { stages: [stage('conversion', ['impression'])] });
      const { summary } = await validateLog(place.database, await openLog(place, path, declaration));
      expect(summary.suspicious).toEqual([]);
    },
  );

  it('counts what a model of the training rows would not know in the held-out rows, and tells where that is most', async () => {
    const log = `SELECT i AS row, i % 2 AS click, i % 4 // 3 AS conversion, ['train', 'train', 'validation', 'test'][i // 100 + 1] AS part,
      CASE WHEN i < 200 OR i % 3 = 0 THEN 'known' || i % 2 ELSE 'new' || i END AS item, 'u' || i AS user, [random()::VARCHAR] AS vec FROM range(400) t(i)`;
    const path = await place.write('unknown.parquet', log);
    const embeddings = ['item', 'user', 'vec'].map((name) => table(name, vocabulary({ minCount: 2 })));
    const declaration = declare([category('item'), category('user'), bag('vec')], { embeddings });
    const { heldOut, summary } = await validateLog(place.database, await openLog(place, path, declaration));
    expect(heldOut.validation.item).toEqual({ rows: 100, missing: 0, values: 100, unknown: 67 });
    expect(heldOut.test.item).toEqual({ rows: 100, missing: 0, values: 100, unknown: 66 });
    expect(summary.notes).toEqual([
      'item: 67% of the validation values and 66% of the test values are unknown (2 values seen at least 2 times in training: min_count)',
      'user: 100% of the validation values and 100% of the test values are unknown (0 values seen at least 2 times in training: min_count)',
      'vec: 100% of the validation values and 100% of the test values are unknown (0 values seen at least 2 times in training: min_count)',
      expect.stringMatching(/^values are distributed in another way .*: item \(4 in validation, 3\.91 in test\)/),
    ]);
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
