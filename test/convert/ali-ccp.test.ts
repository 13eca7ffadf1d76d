import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { failure, workplace } from '../bin/workplace.ts';
import { COMMON, ITEM, listed, SKELETON, USER, writeDump } from './dump.ts';

const place = workplace();
let dumps = 0;

/** Converts a dump in a new folder, all of whose rows are training rows. */
async function convert(lines: Partial<Parameters<typeof writeDump>[1]> = {}, ...options: string[]) {
  dumps += 1;
  const [data, log] = [`dump${dumps}`, `log${dumps}`];
  await writeDump(place.at(data), { common: COMMON, skeleton: SKELETON, ...lines });
  const args = ['convert', 'ali-ccp', '--data', data, '--out', log, '--validation', '0', ...options];
  const { code, stdout, stderr } = await place.run(...args);
  const told = (text: string) => text.replaceAll(data, '<dump>').replaceAll(log, '<log>');
  return {
    code,
    stdout: told(stdout),
    stderr: told(stderr),
    rows: () => place.rows(`SELECT * FROM '${place.at(log)}/*.parquet' ORDER BY sample_id`),
  };
}

describe('entirespace convert ali-ccp', () => {
  it('joins each row of the skeleton with its common features, as columns of the 23 fields', async () => {
    const { code, stdout, rows } = await convert();
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        'train: 3 rows, 2 clicks (66.7%), 1 purchase\n' +
        'no files of the test part: the log has no test rows\n' +
        '3 rows in 1 file -> <log>\n',
    });
    const [first, second, third] = await rows();
    expect(first).toMatchObject({
      sample_id: 1n,
      common_feature_index: 'bacff91692951881',
      part: 'train',
      click: 0,
      purchase: 0,
      '101': 31319,
      '121': 97,
      '205': 4_199_999,
      '206': null,
      '508': 7,
      D508: Math.fround(1.38629),
    });
    expect(first).toMatchObject({
      '210': [91, 92],
      '109_14': [12, 11, 13],
      D109_14: [2.5, Math.fround(0.75), Math.fround(0.75)],
      '110_14': null,
      D110_14: null,
    });
    expect(second).toMatchObject({ '101': 31319, '205': 4_199_999, '210': null, '508': null, D508: null });
    expect(third).toMatchObject({ click: 1, purchase: 1, '101': 5, '121': null, '109_14': null });
    expect(Object.keys(third ?? {})).toHaveLength(5 + 23 + 8);
  });

  it('takes a field from whichever file has it, from the row itself first', async () => {
    const common = [`c,${listed([...USER, ['301', 2, '1.0'], ['205', 1, '1.0']])}`];
    const { rows } = await convert({ common, skeleton: [`1,0,0,c,${listed(ITEM)}`] });
    expect(await rows()).toMatchObject([{ '301': 2, '205': 4_199_999 }]);
  });

  it('keeps the ids of greatest weight, and one of a category, and says how many others there were', async () => {
    const common = [`c,${listed([...USER, ['121', 98, '2.0']])}`];
    const { stdout, rows } = await convert({ common, skeleton: [`1,0,0,c,${listed(ITEM)}`] }, '--max-length', '2');
    expect(stdout).toContain('common_features_train.csv: values of smaller weight not kept: 121 1, 109_14 1\n');
    const [row] = await rows();
    expect(row).toMatchObject({ '121': 98 });
    expect(row).toMatchObject({ '109_14': [12, 11], '210': [91, 92] });
  });

  it('divides the training rows by a hash of their id, and reads the test part beside them', async () => {
    const skeleton = Array.from({ length: 2000 }, (_, row) => `${row + 1},0,0,00ff,${listed(ITEM)}`);
    await writeDump(place.at('both/sample_train'), { common: COMMON, skeleton });
    await writeDump(place.at('both/sample_test'), { common: COMMON, skeleton: SKELETON, part: 'test' });
    const { stdout } = await place.run(
      ...['convert', 'ali-ccp', '--data', 'both', '--out', 'both-log', '--validation', '0.2'],
    );
    expect(stdout).toBe(
      'train: 1,628 rows, 0 clicks (0%), 0 purchases\n' +
        'validation: 372 rows, 0 clicks (0%), 0 purchases\n' +
        'test: 3 rows, 2 clicks (66.7%), 1 purchase\n' +
        '2,003 rows in 2 files -> both-log\n',
    );
  });

  it('tells the same as JSON', async () => {
    const skeleton = [...SKELETON, `4,0,1,00ff,${listed([['999', 1, '1.0']])}`];
    const { stdout } = await convert({ skeleton }, '--max-rejected', '0.5', '--json');
    const facts = { left_out: [], other_fields: {}, values_not_kept: {}, ends_with_a_line_end: true };
    expect(JSON.parse(stdout)).toEqual({
      parts: {
        train: { rows: 3, clicks: 2, purchases: 1 },
        validation: { rows: 0, clicks: 0, purchases: 0 },
        test: { rows: 0, clicks: 0, purchases: 0 },
      },
      files: 1,
      read: [
        { ...facts, file: expect.stringMatching(/common_features_train\.csv$/), lines: 2 },
        {
          ...facts,
          file: expect.stringMatching(/sample_skeleton_train\.csv$/),
          lines: 4,
          left_out: [{ reason: 'conversion_without_click', lines: 1, first: [4] }],
          other_fields: { '999': 1 },
        },
      ],
    });
  });
});

const NOT_VALID =
  'feature_not_valid, expected field \\x02 id \\x03 value, the id a whole number and the value at least 0';

describe('a line of the skeleton', () => {
  it.each([
    ['4,0,0,bacff91692951881', 'field_count, expected as many fields between commas as the dump has'],
    [`x,0,0,00ff,${listed(ITEM)}`, 'sample_id_not_integer, expected a whole number'],
    [`4,2,0,00ff,${listed(ITEM)}`, 'label_not_binary, expected 0 or 1'],
    [`4,0,1,00ff,${listed(ITEM)}`, 'conversion_without_click, expected a click where there is a purchase'],
    [`4,0,0,00ff,${listed(ITEM, 5)}`, 'feature_count, expected as many features as feature_num says'],
    [`4,0,0,ffff,${listed(ITEM)}`, 'common_features_missing, expected a line of the common features with this index'],
    [`3,0,0,00ff,${listed(ITEM)}`, 'sample_id_repeated, expected each id once: the first line holds'],
    ['4,0,0,00ff,1,205\x02x\x031.0', NOT_VALID],
    ['4,0,0,00ff,1,205\x025', NOT_VALID],
    ['4,0,0,00ff,1,205', NOT_VALID],
    ['4,0,0,00ff,1,205\x025\x03-1', NOT_VALID],
    ['4,0,0,00ff,1,205\x025\x03nan', NOT_VALID],
    ['4,0,0,00ff,1,2 5\x025\x031', NOT_VALID],
    ['4,0,0,00ff,1,205\x022147483648\x031', NOT_VALID],
    ['4,0,0,00ff,1,205\x025\x031,0', NOT_VALID],
  ])('is left out, counted and told: %j', async (line, expected) => {
    const skeleton = [...SKELETON, line, `5,0,0,00ff,${listed(ITEM)}`];
    const { code, stdout, rows } = await convert({ skeleton }, '--max-rejected', '0.3');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        'train: 4 rows, 2 clicks (50%), 1 purchase\n' +
        `sample_skeleton_train.csv: 1 line left out: ${expected} (line 4)\n` +
        'no files of the test part: the log has no test rows\n' +
        '4 rows in 1 file -> <log>\n',
    });
    expect((await rows()).map(({ sample_id }) => sample_id)).toEqual([1n, 2n, 3n, 5n]);
  });

  it('with a field that is none of the 23 stays, and the field is told', async () => {
    const { stdout, rows } = await convert({ skeleton: [`1,0,0,00ff,${listed([...ITEM, ['999_1', 1, '1e-3']])}`] });
    expect(stdout).toContain('sample_skeleton_train.csv: 1 feature of field 999_1, none of the 23, left out\n');
    expect(await rows()).toHaveLength(1);
  });

  it('may be the first after a byte order mark, and end with a separator', async () => {
    const [first = '', ...others] = SKELETON;
    const { stdout, rows } = await convert({ skeleton: [`\ufeff${first}\x01`, ...others] });
    expect(stdout).not.toContain('left out');
    expect((await rows()).map(({ sample_id }) => sample_id)).toEqual([1n, 2n, 3n]);
  });

  it('may have a carriage return, an exponent, and many digits', async () => {
    const features = listed([
      ['508', 7, '1.5e-1'],
      ['509', 8, '0.123456789012345678'],
    ]);
    const { rows } = await convert({ skeleton: [`1,0,0,00ff,${features}\r`] });
    expect(await rows()).toMatchObject([{ D508: Math.fround(0.15), D509: Math.fround(0.123456789) }]);
  });
});

describe('a dump that cannot be converted', () => {
  it('because it is cut off in a line', async () => {
    const cut = `4,0,0,00ff,${listed(ITEM)}`.slice(0, -12);
    const { code, stdout, stderr } = await convert({ skeleton: [...SKELETON, cut], end: '' });
    expect({ code, stdout, stderr }).toEqual(
      failure(
        4,
        '<folder>/<dump>/sample_skeleton_train.csv is cut off in line 4 (feature_not_valid): get the file again',
      ),
    );
  });

  it('is converted where it ends without a line end, which is told', async () => {
    const { code, stdout } = await convert({ end: '' });
    expect(code).toBe(0);
    expect(stdout).toContain(
      'sample_skeleton_train.csv: the last line has no line end: if it is cut off, rows after it are missing\n',
    );
  });

  it('because an index is there twice, and more lines are bad than allowed', async () => {
    const { code, stdout, stderr } = await convert({ common: [...COMMON, COMMON[0] as string] });
    expect({ code, stdout, stderr }).toEqual(
      failure(
        4,
        '<folder>/<dump>/common_features_train.csv has 33.3% bad lines, expected at most 1% (--max-rejected): ' +
          '1 line left out: common_feature_index_repeated, expected each index once: the first line holds (line 3)',
      ),
    );
  });

  it('because many rows lack their common features', async () => {
    const { code, stdout, stderr } = await convert({ common: COMMON.slice(0, 1) });
    expect({ code, stdout, stderr }).toEqual(
      failure(
        4,
        '<folder>/<dump>/sample_skeleton_train.csv has 33.3% bad lines, expected at most 1% (--max-rejected): ' +
          '1 line left out: common_features_missing, expected a line of the common features with this index (line 3)',
      ),
    );
  });

  it('because it is another file', async () => {
    const { code, stdout, stderr } = await convert({ skeleton: Array.from({ length: 1200 }, () => 'label,user,item') });
    expect({ code, stdout, stderr }).toEqual(
      failure(
        4,
        '<folder>/<dump>/sample_skeleton_train.csv is no file of the dump: its first 1000 lines are not valid',
      ),
    );
  });

  it.each(['whole', 'cut off'])('because a file is gzip under the name of its text, %s', async (how) => {
    await writeDump(place.at('gzip'), { common: COMMON, skeleton: SKELETON });
    const bytes = gzipSync(SKELETON.join('\n'));
    await writeFile(place.at('gzip/sample_skeleton_train.csv'), how === 'whole' ? bytes : bytes.subarray(0, 40));
    expect(await place.run('convert', 'ali-ccp', '--data', 'gzip', '--out', 'gzip-log')).toEqual(
      failure(4, '<folder>/gzip/sample_skeleton_train.csv is gzip, expected text: decompress it first'),
    );
  });

  it('because a file is empty, or not there', async () => {
    const { stderr } = await convert({ common: [] });
    expect(stderr).toBe('entirespace: <folder>/<dump>/common_features_train.csv is empty\n');
    expect(await place.run('convert', 'ali-ccp', '--data', 'bucket', '--out', 'new')).toEqual(
      failure(
        4,
        'sample_skeleton_train.csv and common_features_train.csv missing: not in <folder>/bucket, nor in a folder in it ' +
          '(unpack the archives first: tar -xzf sample_train.tar.gz)',
      ),
    );
  });

  it('leaves no folder of a log, and refuses one that is there', async () => {
    await convert({ skeleton: ['1,0,0'] });
    expect(await place.listing(`log${dumps}`)).toEqual([]);
    expect(await place.listing(`log${dumps}.partial`)).toEqual([]);
    await writeFile(place.at('taken'), '');
    expect(await place.run('convert', 'ali-ccp', '--data', 'dump1', '--out', 'taken')).toMatchObject(
      failure(2, '--out: got taken, which exists, expected a new folder'),
    );
  });
});
