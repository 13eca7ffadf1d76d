import { describe, expect, it } from 'vitest';
import { thisMachine } from '../../lib/config/machine.ts';
import { runSettings } from '../../training/run/environment.ts';

describe('the memory for reading the log, where it is not told', () => {
  it('is half of what the process may use', () => {
    const { memoryMiB } = runSettings({ BUCKET: 'bucket', MODEL_NAME: 'shop', RUN_ID: 'night' });
    expect(memoryMiB).toBe(Math.floor(thisMachine().memoryBytes / 2 ** 21));
  });
});
