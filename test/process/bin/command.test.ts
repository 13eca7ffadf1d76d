import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DECLARATION } from '../../bin/small-log.ts';
import { workplace } from '../../bin/workplace.ts';
import { COMMAND, processes } from './processes.ts';

const place = workplace({ isTrained: true });
const { spawn, start } = processes(place);

describe('the built command', () => {
  it('is executable, and prints its version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(execFileSync(COMMAND, ['--version'], { encoding: 'utf8' })).toBe(`${version}\n`);
  });

  it('exits with the code of a mistake', async () => {
    expect(await start('trian').done).toEqual({
      code: 2,
      stdout: '',
      stderr: 'entirespace: unknown command trian, did you mean train? (--help tells more)\n',
    });
  });

  it('takes relative paths from its working directory, and names them as they were given', async () => {
    expect(await start('evaluate', '--data', 'absent.csv').done).toEqual({
      code: 4,
      stdout: '',
      stderr: 'entirespace: no such file: absent.csv\n',
    });
    expect(await start('score', 'log.csv').done).toEqual({
      code: 0,
      stdout: 'candidates/log.csv: 3,000 rows scored, 0 rejected, by shop <version> -> bucket/scores/log.csv/\n',
      stderr: 'score: 3,000/3,000 rows, 1/1 files\n',
    });
  });

  it('prints a comparison once the threads that trained have ended', async () => {
    const args = ['--data', 'log.csv', '--models', 'esmm,base', '--seeds', '2', '--trials', '1'];
    const { code, stdout } = await start('compare', 'shop.yaml', ...args).done;
    expect({ code, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({
      code: 0,
      last: 'found: comparison/comparison.html and comparison.json',
    });
  });

  it('shows its progress as a bar on a terminal', async () => {
    const command = [process.execPath, COMMAND, 'train', 'shop.yaml', '--data', 'log.csv', '-b', 'other'].join(' ');
    const { code, stdout } = await spawn('script', '-qec', command, '/dev/null').done;
    expect(code).toBe(0);
    expect(stdout).toMatch(/epoch 1\/2 \[-{24}\] 0\/2078 rows/);
    expect(stdout).toMatch(/published shop <version>, now the current version \(in other\)\r\n/);
  });
});

describe('standard output', () => {
  it('on a full disk is an error', async () => {
    const command = `"${process.execPath}" "$0" validate -d shop.yaml > /dev/full`;
    expect(await spawn('sh', '-c', command, COMMAND).done).toEqual({
      code: 6,
      stdout: '',
      stderr: 'entirespace: cannot write to standard output: ENOSPC\n',
    });
  });

  it('whose reader is gone is no error', async () => {
    const command = `{ "${process.execPath}" "$0" --help; echo $? >&2; } | true`;
    expect(await spawn('sh', '-c', command, COMMAND).done).toEqual({ code: 0, stdout: '', stderr: '0\n' });
  });
});

it('score copies nothing into the bucket where the disk is full', async () => {
  await place.write('large.csv', 'row,age,item,history\n1,2,i1,\n'.repeat(20_000));
  const before = await place.listing('bucket');
  // A limit of a file's size fails as a full disk does.
  const limited = `trap '' XFSZ; ulimit -f 100; exec "${process.execPath}" "${COMMAND}" score large.csv`;
  expect(await spawn('sh', '-c', limited).done).toEqual({
    code: 6,
    stdout: '',
    stderr:
      'entirespace: cannot write candidates/large.csv in file://<folder>/bucket: EFBIG: file too large, write (make room there, or name another place with --bucket)\n',
  });
  expect(await place.listing('bucket')).toEqual(before);
});

describe('a full disk', () => {
  it.each([
    [
      'for scratch files',
      'train shop.yaml --data log.csv -b full',
      40,
      'no space left for scratch files in <folder>/tmp (TMPDIR names another place)',
    ],
    [
      'for bad rows',
      'validate bad.yaml --data log.csv --rejects /dev/full',
      'unlimited',
      'bad rows cannot be written: IO Error: Could not write file "/dev/full": No space left on device (--rejects names another place)',
    ],
  ])('%s is named, and nothing stays', async (_what, command, blocks, message) => {
    await place.write(
      'bad.yaml',
      DECLARATION.replace('keys: [row]', 'keys: [item]')
        .replace('label: clicked', 'label: row')
        .replace('hash: row', 'hash: item'),
    );
    const limited = `trap '' XFSZ; ulimit -f ${blocks}; exec "${process.execPath}" "${COMMAND}" ${command}`;
    const { code, stderr } = await spawn('sh', '-c', limited).done;
    expect({ code, message: stderr.split('\n').at(-2) }).toEqual({ code: 6, message: `entirespace: ${message}` });
    expect(await readdir(place.at())).not.toEqual(expect.arrayContaining([expect.stringMatching(/^full$/)]));
  });
});
