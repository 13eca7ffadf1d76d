import { describe, expect, it } from 'vitest';
import { thisMachine } from '../../lib/config/machine.ts';
import { runSettings } from '../../training/run/environment.ts';

describe('the memory for reading the log, where it is not told', () => {
  it('is half of what the process may use', () => {
    const { memoryMiB } = runSettings({ BUCKET: 'bucket', MODEL_NAME: 'shop', RUN_ID: 'night' });
    expect(memoryMiB).toBe(Math.floor(thisMachine().memoryBytes / 2 ** 21));
  });
});

describe('the functions that encode rows', () => {
  const run = { BUCKET: 'bucket', MODEL_NAME: 'shop', RUN_ID: 'night' };

  it('are those of a queue and its dead letters, or there are none', () => {
    expect(runSettings(run).ranges).toBeNull();
    expect(runSettings({ ...run, RANGES_URL: 'http://queue', RANGES_DEAD_URL: 'http://dead' }).ranges).toEqual({
      url: 'http://queue',
      deadUrl: 'http://dead',
    });
  });

  it.each([
    ['RANGES_URL', 'RANGES_DEAD_URL'],
    ['RANGES_DEAD_URL', 'RANGES_URL'],
  ])('are refused by %s alone', (given, missing) => {
    expect(() => runSettings({ ...run, [given]: 'http://queue' })).toThrow(
      `environment: ${missing} is missing, expected both or neither of RANGES_URL and RANGES_DEAD_URL`,
    );
  });
});
