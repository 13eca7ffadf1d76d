import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runningLine } from '../../../bin/compare/running-line.ts';
import { collector } from '../terminal/collector.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const epoch = (number: number, rows: number) => ({ what: `epoch ${number}/10`, share: rows / 1000, rows });

describe('the line of the runs under way', () => {
  it('is one line on a terminal, with rows a second and the time left, no longer than the terminal is wide', () => {
    const { stream, chunks } = collector();
    const line = runningLine(Object.assign(stream, { isTTY: true, columns: 100 }));
    line.update('esmm seed 1', epoch(1, 0));
    line.update('base seed 2', { what: 'conversion epoch 1/10', share: 0, rows: 0 });
    vi.advanceTimersByTime(2000);
    line.update('esmm seed 1', epoch(3, 200));
    expect(chunks).toEqual([
      '\r\x1b[2Kesmm seed 1 epoch 3/10, 100 rows/s, at most 8 s left; base seed 2 conversion epoch 1/10',
    ]);
    line.clear();
    expect(chunks[1]).toBe('\r\x1b[2K');
    line.end('esmm seed 1');
    vi.advanceTimersByTime(2000);
    line.update('gbdt seed 1', { what: `click ${'x'.repeat(100)}`, share: 0.1, rows: null });
    expect(chunks[2]).toHaveLength('\r\x1b[2K'.length + 99);
    expect(chunks[2]).not.toContain('esmm');
  });

  it('is a plain line every half minute elsewhere, unless others came', () => {
    const { stream, chunks } = collector();
    const line = runningLine(stream);
    for (let second = 0; second <= 45; second++) {
      if (second === 20) line.clear();
      line.update('esmm seed 1', epoch(1, second));
      vi.advanceTimersByTime(1000);
    }
    expect(chunks).toEqual([]);
    vi.advanceTimersByTime(10_000);
    line.update('esmm seed 1', epoch(1, 55));
    // 55 of 1,000 rows took 56 seconds.
    expect(chunks).toEqual(['esmm seed 1 epoch 1/10, 1 rows/s, at most 16 min left\n']);
  });

  it('measures the next network of a run by itself', () => {
    const { stream, chunks } = collector();
    const line = runningLine(Object.assign(stream, { isTTY: true }));
    line.update('base seed 1', { what: 'click epoch 9/10', share: 0.9, rows: 900 });
    line.update('base seed 1', { what: 'conversion epoch 1/10', share: 0, rows: 0 });
    vi.advanceTimersByTime(1000);
    line.update('base seed 1', { what: 'conversion epoch 2/10', share: 0.1, rows: 50 });
    expect(chunks.at(-1)).toBe('\r\x1b[2Kbase seed 1 conversion epoch 2/10, 50 rows/s, at most 9 s left');
  });

  it('shows nothing where there is no output', () => {
    const line = runningLine(null);
    line.update('esmm seed 1', epoch(1, 1));
    line.clear();
    line.end('esmm seed 1');
  });
});
