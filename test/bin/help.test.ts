import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { workplace } from './workplace.ts';

const place = workplace();

describe('the help of the command', () => {
  it.each([
    [['--help']],
    [['validate', '--help']],
    [['render', '--help']],
    [['train', '--help']],
    [['tune', '--help']],
    [['compare', '--help']],
    [['synth', '--help']],
    [['evaluate', '--help']],
    [['score', '--help']],
    [['models', '--help']],
    [['models', 'list', '--help']],
    [['models', 'show', '--help']],
    [['models', 'promote', '--help']],
    [['models', 'rollback', '--help']],
    [['models', 'history', '--help']],
    [['features', '--help']],
    [['convert', '--help']],
    [['local', '--help']],
    [['build-lambda', '--help']],
    [['doctor', '--help']],
    [['status', '--help']],
    [['redrive', '--help']],
    [['retrain', '--help']],
    [['demo', '--help']],
  ])('has an example: %j', async (args) => {
    const { code, stdout, stderr } = await place.run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`\n  $ entirespace ${args.slice(0, -1).join(' ')}`);
  });

  it('lists every exit code', async () => {
    const { stdout } = await place.run('help');
    expect(stdout).toContain(
      'Exit codes: 0 success, 1 unexpected error, 2 usage, 3 bad declaration, 4 bad data, 5 bad or missing model, 6 disk or memory, 7 not promoted, 130 interrupted',
    );
  });

  it('is printed as an error where no command is given', async () => {
    const { code, stdout, stderr } = await place.run();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: entirespace \[options\] \[command\]\n/);
  });

  it('lists the subcommands with their arguments', async () => {
    const { stdout } = await place.run('models', '--help');
    expect(stdout).toMatch(/^ {2}show \[version\] {5}what a version was made from/m);
    expect(stdout).toMatch(/^ {2}promote <version> {2}make a version/m);
  });

  it('is also had by help and the name of a command', async () => {
    expect(await place.run('help', 'train')).toEqual(await place.run('train', '--help'));
  });

  it('gives the version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await place.run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
