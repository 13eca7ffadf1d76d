import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DECLARATION } from './small-log.ts';
import { failure, workplace } from './workplace.ts';

const place = workplace();

/** Tries to train: one line of error, its exit code, and no bucket. */
async function refused(data: string, message: string): Promise<void> {
  expect(await place.run('train', 'shop.yaml', '--data', data)).toEqual(failure(4, message));
  expect(await place.listing('bucket')).toEqual([]);
}

/** The log with other columns in place of its own. */
const replaced = (name: string, columns: string) =>
  place.writeRows(name, `SELECT * REPLACE (${columns}) FROM '${place.at('log.parquet')}'`);

describe('train', () => {
  it('refuses a log that does not exist', async () => {
    await refused('absent.parquet', 'no such file: absent.parquet');
    await refused('absent/*.csv', 'no file matches absent/*.csv');
  });

  it('refuses an empty log', async () => {
    await refused(await place.write('empty.parquet', ''), 'empty.parquet is empty: 0 bytes');
    await refused(await place.write('header.csv', 'row,age,item,history,clicked,bought\n'), 'no rows in header.csv');
  });

  it('refuses a Parquet file that is cut in half', async () => {
    const bytes = await readFile(place.at('log.parquet'));
    const half = bytes.subarray(0, bytes.length >> 1);
    await refused(
      await place.write('half.parquet', half),
      `half.parquet is cut off: a Parquet file ends with "PAR1", got ${half.length} bytes without it`,
    );
  });

  it('refuses a file of another format than its name says', async () => {
    await refused(
      await place.write('text.parquet', await readFile(place.at('log.csv'))),
      'text.parquet is not Parquet: it begins with "row,", expected "PAR1"',
    );
    await refused(
      await place.write('image.csv', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1')),
      'image.csv is not text: its first line is not UTF-8, expected that or csv.encoding in the declaration',
    );
  });

  it('refuses a log without some columns, and names all of them', async () => {
    await place.writeRows('narrow.parquet', `SELECT row, item, clicked FROM '${place.at('log.parquet')}'`);
    await refused('narrow.parquet', 'log columns missing: bought, age, history (in narrow.parquet)');
  });

  it('refuses words in the place of numbers', async () => {
    await refused(
      await replaced('words.parquet', "'old' AS age"),
      'log rows rejected: 3,000 of 3,000 rows (100%), allowed 0% (log.max_rejected): number_not_numeric in age: 3,000 rows, got "old", expected a number (one with a decimal comma needs csv.decimal), in rows 0, 1, 2 (rows count from 0, in words.parquet)',
    );
  });

  it('refuses a label that is neither 0 nor 1', async () => {
    await refused(
      await replaced('twice.parquet', 'CASE WHEN row IN (3, 17, 99) THEN 2 ELSE clicked END AS clicked'),
      'log rows rejected: 3 of 3,000 rows (0.1%), allowed 0% (log.max_rejected): label_not_binary in clicked: 3 rows, got "2", expected 0 or 1, in rows 3, 17, 99 (rows count from 0, in twice.parquet)',
    );
  });

  it('refuses a number that is infinite, but not one that is NaN', async () => {
    await refused(
      await replaced('nan.parquet', "CASE row WHEN 5 THEN 'nan'::DOUBLE WHEN 7 THEN 'inf'::DOUBLE ELSE age END AS age"),
      'log rows rejected: 1 of 3,000 rows (0.0333%), allowed 0% (log.max_rejected): number_not_finite in age: 1 row, got "inf", expected a finite number, in row 7 (rows count from 0, in nan.parquet)',
    );
  });

  it('refuses more conversions without a click than are declared', async () => {
    await refused(
      await replaced('unclicked.parquet', 'CAST(row % 20 = 0 AS INT) AS bought, CAST(row % 3 = 1 AS INT) AS clicked'),
      'log rows rejected: 100 of 3,000 rows (3.33%), allowed 1% (stages.conversion.max_inconsistent): conversion_without_click in bought: 100 rows, got "1", expected 0 where click was not reached, in rows 0, 20, 60 (rows count from 0, in unclicked.parquet)',
    );
  });

  it('refuses training rows without a click or a conversion', async () => {
    await refused(
      await replaced('cold.parquet', '0 AS clicked, 0 AS bought'),
      'no click in the training part (2,078 rows): clicked is 0 in every row that counts, expected both 0 and 1; no conversion in the training part (2,078 rows): bought is 0 in every row that counts, expected both 0 and 1 (in cold.parquet)',
    );
  });

  it('refuses rows of CSV with too few or too many fields', async () => {
    const lines = (await readFile(place.at('log.csv'), 'utf8')).split('\n');
    const ragged = [...lines.slice(0, 5), '5,1,2', '6,1,2,3,0,0,9,9', ...lines.slice(5)].join('\n');
    await refused(
      await place.write('ragged.csv', ragged),
      'log rows rejected: 2 of 3,002 rows (0.0666%), allowed 0% (log.max_rejected): field_count: 2 rows, got "3 fields", expected 6 fields, in rows 4, 5 (rows count from 0, in ragged.csv)',
    );
  });

  it('refuses a quote that is not closed', async () => {
    await refused(
      await place.write('quote.csv', 'row,age,item,history,clicked,bought\n0,1,i1,,0,0\n1,"2,i1,,0,0\n'),
      `log rows rejected: 1 of 2 rows (50%), allowed 0% (log.max_rejected): quote_not_closed: 1 row, got ${JSON.stringify('1,"2,i1,,0,0')}, expected a second quote at the end of the field, in row 1 (rows count from 0, in quote.csv)`,
    );
  });
});

describe('what the gate could only refuse', () => {
  const declared = async (name: string, split: string) =>
    place.write(name, DECLARATION.replace(/^split: .*$/m, `split: ${split}`));

  it.each([
    [
      'no-test.yaml',
      '{ hash: row, test: 0 }',
      'no row is in the test part, so there is none to judge by (split by the hash of row: 10% validation, 0% test)',
    ],
    [
      'strangers.yaml',
      '{ hash: item, validation: 0.1, test: 0.2 }',
      '100% of the values of item in the test rows are unknown, expected at most 80% (gate.max_unknown): split by the hash of item: 10% validation, 20% test',
    ],
  ])('is told by validate, and not trained: %s', async (name, split, reason) => {
    await declared(name, split);
    const validated = await place.run('validate', name, '--data', 'log.parquet');
    expect(validated.code).toBe(0);
    expect(validated.stdout).toContain(`note: the gate would refuse a version: ${reason}\n`);
    const { code, stderr } = await place.run('train', name, '--data', 'log.parquet');
    expect(code).toBe(7);
    expect(stderr.split('\n').at(-2)).toBe(
      `entirespace: not trained, for the gate would refuse the version: ${reason} (--no-promote trains and publishes all the same)`,
    );
    expect(await place.listing('bucket')).toEqual([]);
  });
});

describe('validate', () => {
  it('refuses a bad log with the same message, and writes its bad rows where asked', async () => {
    await replaced('bad.parquet', 'CASE WHEN row = 3 THEN 2 ELSE clicked END AS clicked');
    const rejects = ['--rejects', 'rejects.parquet'];
    expect(await place.run('validate', 'shop.yaml', '--data', 'bad.parquet', ...rejects)).toEqual(
      failure(
        4,
        'log rows rejected: 1 of 3,000 rows (0.0333%), allowed 0% (log.max_rejected): label_not_binary in clicked: 1 row, got "2", expected 0 or 1, in row 3 (rows count from 0, in bad.parquet)',
      ),
    );
    expect(await place.rows(`SELECT "row", reason FROM '${place.at('rejects.parquet')}'`)).toEqual([
      { row: 3n, reason: 'label_not_binary' },
    ]);
  });

  it('refuses it in JSON where JSON is asked for', async () => {
    expect(await place.run('validate', 'shop.yaml', '--data', 'absent.csv', '--json')).toEqual({
      code: 4,
      stdout: '{"error":{"name":"DataError","message":"no such file: absent.csv"}}\n',
      stderr: '',
    });
  });

  it('prints what is in a good log', async () => {
    const outcome = await place.run('validate', 'shop.yaml', '--data', 'log.parquet');
    const stdout = outcome.stdout
      .replace(
        /takes .* on this machine: 2 epochs at [\d,]+ rows/,
        'takes <time> on this machine: 2 epochs at <n> rows',
      )
      .replace(/needs [\d,.]+ \w+ of memory of .*/, 'needs <memory>');
    expect({ ...outcome, stdout }).toEqual({
      code: 0,
      stdout: `shop.yaml is valid: 2 stages, 3 features, 2 embedding tables
log.parquet: 3,000 rows, 0 rejected
  split by the hash of row: 10% validation, 20% test
  train            2,078 rows: click 573 (27.57%); conversion 192 (9.24%)
  validation         313 rows: click 88 (28.12%); conversion 22 (7.03%)
  test               609 rows: click 172 (28.24%); conversion 65 (10.67%)
  age             60 values
  item            12 values
  history         12 values, 26.13% missing
  training takes <time> on this machine: 2 epochs at <n> rows/s, in batches of 512
  training needs <memory>
note: 65 of the test rows have a conversion, the gate needs 200 to compare a version with the one in use (gate.min_conversions): after the first version none comes into use by itself; a longer log, or a larger split.test, has more of them; or gate: { min_conversions: 50 } compares by what there is, and a difference must then be larger to be shown
`,
      stderr: '',
    });
  });

  it('prints one JSON document and nothing else where JSON is asked for', async () => {
    const { code, stdout, stderr } = await place.run('validate', 'shop.yaml', '--data', 'log.csv', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      declaration: { name: 'shop' },
      log: { summary: { source: 'log.csv', rows: 3000 }, rejects: [], distinct: { age: 60, item: 12, history: 12 } },
    });
  });
});
