import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { synthPlace } from './place.ts';

const place = synthPlace();

describe('a synthetic log', () => {
  it('comes with what is true of it', async () => {
    const { truth } = await place.write('truth', { hiddenBias: 1 });
    expect(JSON.parse(readFileSync(`${place.at('truth')}/truth.json`, 'utf8'))).toEqual(truth);
    expect(await readdir(place.at('truth'))).toEqual(['entirespace.yaml', 'log', 'truth.json']);
  });
});

describe('its folder', () => {
  it('must be new, or empty', async () => {
    await mkdir(place.at('full'));
    await writeFile(place.at('full/a.txt'), '');
    await writeFile(place.at('file'), '');
    await expect(place.write('full', {})).rejects.toThrow(
      `--out: got ${place.at('full')}, a folder that is not empty, expected a new one (it has a.txt)`,
    );
    await expect(place.write('file', {})).rejects.toThrow(
      `--out: got ${place.at('file')}, which is no folder, expected a new one`,
    );
    await mkdir(place.at('empty'));
    await place.write('empty', {});
  });

  it('has nothing of a log that is interrupted', async () => {
    const stop = new AbortController();
    const done: number[] = [];
    const onProgress = (rows: number) => {
      done.push(rows);
      stop.abort(new Error('stopped'));
    };
    const written = place.write('stopped', {}, { rowsOfFile: 500, atOnce: 1, signal: stop.signal, onProgress });
    await expect(written).rejects.toThrow('stopped');
    expect(done).toEqual([500]);
    expect(existsSync(place.at('stopped'))).toBe(false);
  });
});

describe('options that are not possible', () => {
  it.each([
    [{ clickRate: 0 }, '--click-rate: got 0, expected a rate above 0 and below 1'],
    [{ conversionRate: 1 }, '--conversion-rate: got 1, expected a rate above 0 and below 1'],
    [{ observedBias: -6 }, '--observed-bias: got -6, expected -5 to 5'],
    [{ hiddenBias: -1 }, '--hidden-bias: got -1, expected 0 to 5'],
    [{ itemExponent: 4 }, '--item-exponent: got 4, expected 0 to 3'],
    [{ delay: 0 }, '--delay: got 0, expected days above 0'],
    [
      { drift: { fromDay: 10, share: 2 } },
      '--drift-from: got 10, expected a day before the end of the log, 10 days; --drift: got 2, expected a share above 0, and at most 1',
    ],
    [
      { rows: 10, clickRate: 0.01 },
      '--rows: 10 rows with a click rate of 0.01 and a conversion rate of 0.3 have 0.030 conversions to expect, expected at least 1',
    ],
  ])('are told: %j', async (options, message) => {
    await expect(place.write('impossible', options)).rejects.toThrow(message);
    expect(existsSync(place.at('impossible'))).toBe(false);
  });
});
