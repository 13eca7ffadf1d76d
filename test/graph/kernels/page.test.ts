import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelsPage } from '../../../scripts/kernels-page.ts';

describe('docs/kernels.md', () => {
  it('is what scripts/write-kernels.ts writes', () => {
    expect(readFileSync('docs/kernels.md', 'utf8')).toBe(kernelsPage());
  });
});
