import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { workplace } from './workplace.ts';

const place = workplace();

describe('init', () => {
  it('writes a declaration that is valid for its log, and says what it found', async () => {
    const { code, stdout, stderr } = await place.run('init', 'log.csv', '--out', 'first.yaml');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toMatch(/^first\.yaml: 2 stages, \d+ features \(/);
    expect(stdout).toMatch(/\nnext: entirespace train first\.yaml --data log\.csv\n$/);
    expect(await place.run('validate', 'first.yaml', '--data', 'log.csv')).toMatchObject({ code: 0 });
  });

  it('never overwrites a file, unless it is told to', async () => {
    await writeFile(place.at('mine.yaml'), 'name: mine\n');
    expect(await place.run('init', 'log.csv', '--out', 'mine.yaml')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'entirespace: --out: mine.yaml exists, expected a new file, or --force\n',
    });
    expect(await readFile(place.at('mine.yaml'), 'utf8')).toBe('name: mine\n');
    const forced = await place.run('init', 'log.csv', '--out', 'mine.yaml', '--force', '--name', 'other');
    expect(forced).toMatchObject({ code: 0 });
    expect(await readFile(place.at('mine.yaml'), 'utf8')).toContain('\nname: other\n');
  });

  it('asks at a terminal what it does not know, takes an empty line for its guess, and else tells it', async () => {
    const sql = `SELECT i AS row, i % 60 AS item_id, (hash(i) % 4 = 0)::INTEGER AS x1, (hash(i) % 8 = 0)::INTEGER AS x2,
      (hash(i) % 16 = 0)::INTEGER AS x3 FROM range(4000) AS r(i)`;
    await place.writeRows('unnamed.parquet', sql);
    const typed = '\nnothing\nx2\n';
    const { code, stderr } = await place.start(['init', 'unnamed.parquet', '--out', 'asked.yaml'], {}, typed).done;
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: [
        'which column is the label of the click? (or x2, x3) [x1] which column is the label of the conversion? (or x1, x2) [x3] no such column: nothing\n',
        'which column is the label of the conversion? (or x1, x2) [x3] ',
      ].join(''),
    });
    expect(await readFile(place.at('asked.yaml'), 'utf8')).toContain('\n  conversion: { label: x2 }');
    expect((await place.run('init', 'unnamed.parquet', '--out', 'told.yaml')).stderr).toBe(
      [
        'note: which column is the label of the click? x1 is taken; --label click=<column> takes another, such as x2, x3\n',
        'note: which column is the label of the conversion? x3 is taken; --label conversion=<column> takes another, such as x1, x2\n',
      ].join(''),
    );
  });

  it.each([
    [['log.csv', '--label', 'visited'], '--label: got visited, expected a stage and a column, such as click=visited'],
    [['log.csv', '--label', 'click=nothing'], /^entirespace: --label click: no column nothing, expected one of /],
    [
      ['log.csv', '--label', 'click=clicked', '--label', 'conversion=clicked'],
      '--label conversion: got clicked, the label of click, expected another column (in log.csv)',
    ],
    [['log.csv', '--key', 'nothing'], /^entirespace: --key: no column nothing, expected one of /],
    [['log.csv', '--name', 'My Shop'], '--name: got My Shop, expected a name of a-z, 0-9 and - (--help tells more)'],
    [[], "missing required argument 'log' (--help tells more)"],
  ])('refuses what is not possible: %j', async (args, message) => {
    const { code, stdout, stderr } = await place.run('init', ...args, '--out', 'refused.yaml');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    if (typeof message === 'string') expect(stderr).toBe(`entirespace: ${message}\n`);
    else expect(stderr).toMatch(message);
    await expect(readFile(place.at('refused.yaml'))).rejects.toThrow('ENOENT');
  });

  it('is one JSON document where that is asked for', async () => {
    const { code, stdout, stderr } = await place.run('init', 'log.csv', '--out', 'json.yaml', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      path: 'json.yaml',
      stages: [{ name: 'click' }, { name: 'conversion' }],
    });
  });
});
