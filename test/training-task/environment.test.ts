import { totalmem } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runSettings } from '../../training/run/environment.ts';

afterEach(() => void vi.restoreAllMocks());

describe('the memory for reading the log, where it is not told', () => {
  const machine = Math.floor(totalmem() / 2 ** 21);

  it.each([
    ["half of the container's", 2 ** 30, 512],
    ["half of the machine's where the container has no limit", 2 ** 64, machine],
    ["half of the machine's where no limit is known", 0, machine],
  ])('is %s', (_what, limit, expected) => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(limit);
    const { memoryMiB } = runSettings({ BUCKET: 'bucket', MODEL_NAME: 'shop', RUN_ID: 'night' });
    expect(memoryMiB).toBe(expected);
  });
});
