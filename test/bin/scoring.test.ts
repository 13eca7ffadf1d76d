import { copyFile, cp, mkdir, readdir, readFile, rename, utimes } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { until, workplace } from './workplace.ts';

const place = workplace({ isTrained: true });

const scored = (key: string, rows: number, rejected = 0) =>
  `candidates/${key}: ${rows.toLocaleString('en-US')} rows scored, ${rejected} rejected, by shop <version> -> bucket/scores/${key}/\n`;

describe('score', () => {
  it('gives Parquet and CSV of the same rows the same bits, and scores every row', async () => {
    const { code, stdout } = await place.run('score', 'log.parquet', 'log.csv');
    expect({ code, stdout }).toEqual({ code: 0, stdout: scored('log.parquet', 3000) + scored('log.csv', 3000) });

    const rows = (key: string) =>
      `(SELECT * REPLACE (CAST(row AS BIGINT) AS row) FROM '${place.at('bucket/scores', key)}/part-*.parquet')`;
    const [both] = await place.rows(`SELECT count(*) AS rows, count(DISTINCT a.pctcvr) > 100 AS differ,
      count(*) FILTER (a.pctr = b.pctr AND a.pcvr = b.pcvr AND a.pctcvr = b.pctcvr) AS same
      FROM ${rows('log.parquet')} a JOIN ${rows('log.csv')} b USING (row)`);
    expect(both).toEqual({ rows: 3000n, differ: true, same: 3000n });
  });

  it('changes nothing where it is run again', async () => {
    const before = await place.listing('bucket');
    const { code, stdout, stderr } = await place.run('score', 'log.parquet', 'bucket/candidates/log.csv');
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: (scored('log.parquet', 3000) + scored('log.csv', 3000)).replaceAll(': ', ': has scores already, '),
      stderr: '',
    });
    expect(await place.listing('bucket')).toEqual(before);
  });

  it('prints one JSON document and nothing else where JSON is asked for', async () => {
    const { code, stdout, stderr } = await place.run('score', 'log.csv', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject([
      { status: 'succeeded', key: 'candidates/log.csv', manifest: { rowsIn: 3000, scored: 3000, rejected: 0 } },
    ]);
  });

  it('prints its progress on standard error', async () => {
    await copyFile(place.at('log.csv'), place.at('again.csv'));
    const { stdout, stderr } = await place.run('score', 'again.csv');
    expect(stdout).toBe(scored('again.csv', 3000));
    expect(stderr).toBe('score: 3,000/3,000 rows, 1/1 files\n');
  });

  it('rejects bad rows up to the declared share, and scores the others', async () => {
    const lines = (await readFile(place.at('log.csv'), 'utf8')).split('\n');
    await place.write(
      'ragged.csv',
      [...lines.slice(0, 50), '1,2', '7,old,i1,,0,0', ...lines.slice(50, 101)].join('\n'),
    );
    expect(await place.run('score', 'ragged.csv')).toMatchObject({
      code: 0,
      stdout: `${scored('ragged.csv', 100, 2)}note: candidates/ragged.csv: the last line has no line end, unlike the others\n`,
    });
    expect(
      await place.rows(`SELECT "row", reason FROM '${place.at('bucket/rejects/ragged.csv')}/*.parquet' ORDER BY "row"`),
    ).toEqual([
      { row: 49n, reason: 'field_count' },
      { row: 50n, reason: 'number_not_numeric' },
    ]);
  });

  it('succeeds without parts where a file has no rows', async () => {
    await place.writeRows('none.parquet', `SELECT * FROM '${place.at('log.parquet')}' WHERE false`);
    expect(await place.run('score', 'none.parquet')).toEqual({
      code: 0,
      stdout: scored('none.parquet', 0),
      stderr: '',
    });
    expect((await readdir(place.at('bucket/scores/none.parquet'))).sort()).toEqual(['_SUCCESS', '_manifest.json']);
  });
});

describe('a candidate file', () => {
  const fails = async (file: string, message: string) => {
    const { code, stdout, stderr } = await place.run('score', file);
    expect({ code, stdout, stderr: stderr.replace(/^score: .*\n/, '') }).toEqual({
      code: 4,
      stdout: '',
      stderr: `entirespace: ${message} -> bucket/scores/${file}/_FAILED.json\n`,
    });
    expect(await readdir(place.at('bucket/scores', file))).toEqual(['_FAILED.json']);
  };

  it('fails where it is empty', async () =>
    fails(await place.write('empty.csv', ''), 'candidates/empty.csv is empty: 0 bytes'));

  it('fails where it is cut in half', async () => {
    const bytes = await readFile(place.at('log.parquet'));
    await place.write('half.parquet', bytes.subarray(0, 9000));
    await fails(
      'half.parquet',
      'candidates/half.parquet is cut off: a Parquet file ends with "PAR1", got 9000 bytes without it',
    );
  });

  it('fails where columns are missing, and all of them are named', async () => {
    await place.writeRows('wrong.parquet', `SELECT age AS years, item FROM '${place.at('log.parquet')}'`);
    await fails('wrong.parquet', 'candidate columns missing: row, age, history (in candidates/wrong.parquet)');
  });

  it('fails where all rows are bad', async () => {
    await place.writeRows('bad.csv', `SELECT * REPLACE ('old' AS age) FROM '${place.at('log.parquet')}'`);
    await fails(
      'bad.csv',
      'candidates/bad.csv: 3,000 of 3,000 rows rejected (100%), at most 10% allowed; most often number_not_numeric (3,000 rows), expected a number (one with a decimal comma needs csv.decimal)',
    );
  });

  it('fails in JSON where JSON is asked for', async () => {
    const { code, stdout, stderr } = await place.run('score', 'empty.csv', '--json');
    expect({ code, stderr }).toEqual({ code: 4, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject([{ status: 'failed', failure: { reason: 'empty_file' } }]);
  });
});

describe('a file that cannot be a candidate', () => {
  it('is refused, with every other file of the command, before any is copied', async () => {
    await mkdir(place.at('folder'), { recursive: true });
    await copyFile(place.at('log.csv'), place.at('folder/log.csv'));
    await place.write('_hidden.csv', 'row\n');
    const before = await place.listing('bucket');
    const files = ['log.csv', 'absent.csv', 'folder', 'shop.yaml', '_hidden.csv', 'folder/log.csv'];
    expect(await place.run('score', ...files)).toEqual({
      code: 4,
      stdout: '',
      stderr: `entirespace: ${[
        'no such file: absent.csv',
        'folder is a folder, expected a file',
        'candidate key ends in .yaml, expected .parquet, .csv or .csv.gz (candidates/shop.yaml)',
        '_hidden.csv cannot be a candidate: a name that begins with _ or .',
        'log.csv and folder/log.csv would both be candidates/log.csv',
      ].join('; ')}\n`,
    });
    expect(await place.listing('bucket')).toEqual(before);
  });
});

describe('local', () => {
  it('scores the files that are there, and with --watch those that come later', async () => {
    await mkdir(place.at('drop/candidates/today'), { recursive: true });
    await cp(place.at('bucket/models'), place.at('drop/models'), { recursive: true });
    await copyFile(place.at('log.csv'), place.at('drop/candidates/today/1.csv'));
    await utimes(place.at('drop/candidates/today/1.csv'), 0, 0);
    const { code, stdout } = await place.run('local', '-b', 'drop');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: scored('today/1.csv', 3000).replace('bucket/', 'drop/'),
    });

    const { done, stdout: output, signal } = place.start(['local', '-b', 'drop', '--watch']);
    await until(() => output().includes('today/1.csv'));
    await copyFile(place.at('log.parquet'), place.at('drop/2.parquet'));
    await utimes(place.at('drop/2.parquet'), 0, 0);
    await rename(place.at('drop/2.parquet'), place.at('drop/candidates/today/2.parquet'));
    await until(() => output().includes('drop/scores/today/2.parquet/'));
    signal('SIGINT');
    expect(await done).toMatchObject({
      code: 0,
      stdout: (
        scored('today/1.csv', 3000).replace(': ', ': has scores already, ') + scored('today/2.parquet', 3000)
      ).replaceAll('bucket/', 'drop/'),
      stderr: expect.stringContaining('\nstopping after the work under way (again: at once)\n'),
    });
  });
});
