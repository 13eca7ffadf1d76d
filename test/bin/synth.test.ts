import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { workplace } from './workplace.ts';

const place = workplace();
const SMALL = ['--rows', '3000', '--users', '200', '--items', '100', '--click-rate', '0.3', '--conversion-rate', '0.3'];

describe('synth', () => {
  it('writes a log and a declaration of it', async () => {
    const { code, stdout, stderr } = await place.run('synth', ...SMALL, '--delay', '2', '--hidden-bias', '1');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('synth: 3,000/3,000 rows') });
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^3,000 rows, \d+ clicks \(\d+(\.\d)?%\), \d+ conversions in the log, \d+ conversions later than its end \(\d+(\.\d)?% of the clicks in all\)$/,
    );
    expect(lines[1]).toMatch(/^true pctr 0\.3; true pcvr 0\.\d+ over all rows, 0\.\d+ over clicked ones$/);
    expect(lines[2]).toMatch(
      /^of rows that are made clicked, whatever their cause: 0\.\d+ over all rows, 0\.\d+ over clicked ones$/,
    );
    expect(lines[3]).toBe('written: 1 file in synth/log, synth/entirespace.yaml and synth/truth.json');
    const valid = await place.run('validate', 'synth/entirespace.yaml', '--data', 'synth/log');
    expect(valid).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('synth/entirespace.yaml is valid: 2 stages, 10 features'),
    });
  });

  it('gives what is true as JSON where that is asked for', async () => {
    const { code, stdout, stderr } = await place.run('synth', ...SMALL, '--out', 'as-json', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^synth: .*\n$/) });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(await readFile(place.at('as-json', 'truth.json'), 'utf8')));
  });

  it.each([
    [['--click-rate', '2'], '--click-rate: got 2, expected a rate above 0 and below 1'],
    [['--drift', '0.5'], '--drift: got 0.5, expected --drift-from with it'],
    [['--delay', 'long'], '--delay: got long, expected a number (--help tells more)'],
    [['--out', '.'], /^entirespace: --out: got .*, a folder that is not empty, expected a new one \(it has /],
  ])('refuses what is not possible: %j', async (args, message) => {
    const { code, stdout, stderr } = await place.run('synth', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    if (typeof message === 'string') expect(stderr).toBe(`entirespace: ${message}\n`);
    else expect(stderr).toMatch(message);
  });
});
