import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFiles } from '../../../lib/table/source/find-files.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'entirespace-find-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Writes files of one byte, or of none where the name ends in `0`, and returns a search below them. */
async function folderOf(folder: string, names: readonly string[]) {
  for (const name of names) {
    const path = join(root, folder, name.replace(/ 0$/, ''));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, name.endsWith(' 0') ? '' : 'x');
  }
  return (path = '.', outputs: readonly string[] = []) => findFiles(path, { cwd: join(root, folder), outputs });
}

describe('the files of a folder', () => {
  it('are those with the extension of a format, in any case', async () => {
    const names = ['a.parquet', 'b.PARQUET', 'c.parq', 'd.pq', 'e.gz.parquet', 'f.CSV', 'g.csv.gz', 'h.tsv', 'i/j.csv'];
    const search = await folderOf('formats', names);
    expect(await search()).toEqual({ files: names, notes: [] });
  });

  it('are without those that are hidden, unfinished, empty or of another kind, which are counted by reason', async () => {
    const search = await folderOf('left', [
      'a.parquet',
      '_SUCCESS 0',
      '.a.parquet.crc',
      '_temporary/0/_attempt_1/part-1.parquet',
      '_temporary/0/x.parquet',
      '_p=1/b.parquet',
      'notes.txt',
      'c.parquet.crdownload',
      'd.parquet._COPYING_',
      'e.parquet 0',
      'Thumbs.db',
      '.DS_Store',
      'desktop.ini',
      '~$a.xlsx',
      '._a.parquet',
    ]);
    expect(await search()).toEqual({
      files: ['_p=1/b.parquet', 'a.parquet'],
      notes: [
        'left out 4 files of . (a name that begins with _ or .): .a.parquet.crc, _SUCCESS, _temporary/',
        'left out 1 file of . (neither Parquet nor CSV by the name): notes.txt',
        'left out 2 files of . (not complete by the name): c.parquet.crdownload, d.parquet._COPYING_',
        'left out 1 file of . (0 bytes): e.parquet',
      ],
    });
  });

  it('are in one format if a file is there in several', async () => {
    const search = await folderOf('twins', ['a.parquet', 'a.csv', 'b.csv.gz', 'b.csv', 'c.csv.gz', 'd/b.csv']);
    expect(await search()).toEqual({
      files: ['a.parquet', 'b.csv', 'c.csv.gz', 'd/b.csv'],
      notes: ['left out 2 files of . (the same name as a file beside it in another format): a.csv, b.csv.gz'],
    });
  });

  it('are none, with the reasons, where nothing can be read', async () => {
    const search = await folderOf('none', ['a.xlsx', '_b.csv']);
    await expect(search()).rejects.toMatchObject({
      code: 'no_such_file',
      message:
        'no .parquet, .csv or .csv.gz file in .: left out 1 file of . (a name that begins with _ or .): _b.csv; ' +
        'left out 1 file of . (neither Parquet nor CSV by the name): a.xlsx',
    });
  });

  it('include those that links lead to, each once, but no circle', async () => {
    const search = await folderOf('links', ['in/a.parquet', 'in/d/b.parquet', 'out/c.parquet', 'out/e/f.parquet']);
    const links = { 'a-link': 'd', 'same.parquet': 'a.parquet', 'c.parquet': '../out/c.parquet', more: '../out/e' };
    for (const [name, target] of Object.entries({ ...links, circle: '.', 'gone.parquet': 'nowhere' }))
      await symlink(target, join(root, 'links/in', name));
    expect(await search('in')).toEqual({
      files: ['in/a.parquet', 'in/c.parquet', 'in/d/b.parquet', 'in/more/f.parquet'],
      notes: [
        'left out 1 file of in (a link to nothing): in/gone.parquet',
        'left out 3 files of in (a link to what is read anyway): in/circle, in/a-link/b.parquet, in/same.parquet',
      ],
    });
  });

  it('are without what this run writes, and without a bucket', async () => {
    const search = await folderOf('own', [
      'log.parquet',
      'rejects.parquet',
      'bucket/.entirespace/x',
      'bucket/candidates/a.parquet',
      'bucket/data/dt=2026-05-01/log.parquet',
    ]);
    const { files, notes } = await search('.', [join(root, 'own/rejects.parquet')]);
    expect(files).toEqual(['log.parquet']);
    expect(notes).toEqual([
      'left out 1 file of . (the rejects of this run): rejects.parquet',
      'left out 3 files of . (the files of a bucket): bucket/',
    ]);
    expect((await search('bucket')).files).toEqual(['bucket/data/dt=2026-05-01/log.parquet']);
    expect((await search('bucket/candidates')).files).toEqual(['bucket/candidates/a.parquet']);
  });
});

describe('a table of another system', () => {
  it('of Delta Lake is read as its log has it', async () => {
    const search = await folderOf('delta', ['p=1/a.parquet', 'p=1/b c.parquet', 'd.parquet', '_delta_log/x.crc']);
    const commit = (version: number, actions: readonly object[]) =>
      writeFile(
        join(root, `delta/_delta_log/${String(version).padStart(20, '0')}.json`),
        actions.map((action) => `${JSON.stringify(action)}\n`).join(''),
      );
    await commit(0, [{ add: { path: 'p=1/a.parquet' } }, { commitInfo: {} }]);
    await commit(1, [{ remove: { path: 'p=1/a.parquet' } }, { add: { path: 'p=1/b%20c.parquet' } }]);
    expect(await search()).toEqual({
      files: ['p=1/b c.parquet'],
      notes: [
        'left out 3 files of . (a name that begins with _ or .): _delta_log/',
        'left out 2 files of . (not in the log of the table): d.parquet, p=1/a.parquet',
      ],
    });
    await rm(join(root, 'delta/_delta_log/00000000000000000000.json'));
    await expect(search()).rejects.toThrow(
      '. is a table of Delta Lake, and files have been removed, and its first commits are gone: ' +
        'write the rows that it has now to Parquet files of their own, and read those',
    );
  });

  it('of Iceberg is read if rows were only appended', async () => {
    const search = await folderOf('iceberg', ['data/a.parquet', 'metadata/x.avro']);
    const write = (operation: string) =>
      writeFile(
        join(root, 'iceberg/metadata/v1.metadata.json'),
        JSON.stringify({ snapshots: [{ summary: { operation } }] }, null, 2),
      );
    await write('append');
    expect((await search()).files).toEqual(['data/a.parquet']);
    await write('overwrite');
    await expect(search()).rejects.toThrow('. is a table of Iceberg, and rows have been deleted or replaced');
  });
});

describe('a path', () => {
  it('is a pattern only if there is nothing of its name', async () => {
    const search = await folderOf('pattern', [
      'br[1].csv',
      'br1.csv',
      'a*.csv',
      'ab.csv',
      'run[1]/x.csv',
      'run1/x.csv',
    ]);
    expect((await search('br[1].csv')).files).toEqual(['br[1].csv']);
    expect((await search('a*.csv')).files).toEqual(['a*.csv']);
    expect((await search('run[1]')).files).toEqual(['run[1]/x.csv']);
    expect((await search('run[1]/x.csv')).files).toEqual(['run[1]/x.csv']);
    expect((await search('run[1]/*.csv')).files).toEqual(['run1/x.csv']);
    expect((await search('run\\[1\\]/*.csv')).files).toEqual(['run[1]/x.csv']);
    expect((await search('b*.csv')).files).toEqual(['br1.csv', 'br[1].csv']);
  });

  it.each([
    ['*.csv', ['a.csv', 'b.csv']],
    ['?.csv', ['a.csv', 'b.csv']],
    ['[!b].csv', ['a.csv']],
    ['{b,c}.csv', ['b.csv']],
    ['dt=*', ['dt=1/c.csv', 'dt=2/d/e.csv']],
    ['**/*.csv', ['a.csv', 'b.csv', 'dt=1/c.csv', 'dt=2/d/e.csv']],
    ['dt=*/**', ['dt=1/c.csv', 'dt=2/d/e.csv']],
    ['_*.csv', ['_h.csv']],
    ['./dt=1/*', ['dt=1/c.csv']],
  ])('that is the pattern %s matches files and folders', async (pattern, expected) => {
    const search = await folderOf('globs', ['a.csv', 'b.csv', '_h.csv', 'dt=1/c.csv', 'dt=2/d/e.csv']);
    expect((await search(pattern)).files).toEqual(expected);
  });
});
