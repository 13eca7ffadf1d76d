import { describe, expect, it } from 'vitest';
import { batchSizeFor, largeBatchNote } from '../../../lib/training/rows/batch-size.ts';

describe('the batch size by default', () => {
  it.each([
    [1, 16],
    [100, 16],
    [320, 32],
    [639, 32],
    [40_959, 2048],
    [40_960, 4096],
    [84_000_000, 4096],
  ])('is for %i training rows %i, no more than a tenth of them', (rows, size) => {
    expect(batchSizeFor(null, rows)).toBe(size);
  });

  it('is the declared one where there is one', () => {
    expect(batchSizeFor(512, 100)).toBe(512);
  });
});

describe('a declared batch size', () => {
  it('is told if it is more than a tenth of the training rows', () => {
    expect(largeBatchNote(512, 2100, null)).toBe(
      'training.batch_size 512 is more than a tenth of the 2,100 training rows: 5 steps an epoch (default: 128)',
    );
    expect(largeBatchNote(512, 300, 'conversion')).toBe(
      'training.batch_size 512 is more than a tenth of the 300 training rows of conversion: 1 step an epoch (default: 16)',
    );
  });

  it('is not told otherwise', () => {
    expect(largeBatchNote(210, 2100, null)).toBeNull();
    expect(largeBatchNote(null, 10, null)).toBeNull();
  });
});
