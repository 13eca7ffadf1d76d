import { describe, expect, it } from 'vitest';
import type { Progress } from '../../lib/training/progress.ts';
import { progressLines } from '../../training/run/progress-lines.ts';

describe('the progress of a run in its log', () => {
  /** The lines that are logged while a progress comes at each of these seconds. */
  function linesOf(told: readonly (Progress & { readonly at: number })[]): unknown[] {
    const lines: unknown[] = [];
    const log = (event: string, data: object = {}) => void lines.push([event, data]);
    let seconds = 0;
    const onProgress = progressLines({ info: log, error: log }, () => seconds * 1000);
    for (const { at, ...progress } of told) {
      seconds = at;
      onProgress(progress);
    }
    return lines;
  }

  it('is a line when a phase begins, and one in ten seconds then, with the speed since its beginning', () => {
    const read = (at: number, done: number) => ({ at, phase: 'read' as const, done, total: 1000 });
    expect(linesOf([read(1, 100), read(6, 200), read(11, 300), read(20, 900), read(22, 1000)])).toEqual([
      ['began', { phase: 'read', done: 100, total: 1000 }],
      ['progress', { phase: 'read', done: 300, total: 1000, rowsPerSecond: 20, secondsLeft: 35 }],
      ['progress', { phase: 'read', done: 1000, total: 1000, rowsPerSecond: 43, secondsLeft: 0 }],
    ]);
  });

  it('counts the bytes of files that are converted', () => {
    const convert = (at: number, done: number) => ({
      at,
      phase: 'convert' as const,
      unit: 'bytes' as const,
      done,
      total: 5e9,
    });
    expect(linesOf([convert(1, 0), convert(11, 1e9)])).toEqual([
      ['began', { phase: 'convert', unit: 'bytes', done: 0, total: 5e9 }],
      ['progress', { phase: 'convert', unit: 'bytes', done: 1e9, total: 5e9, bytesPerSecond: 1e8, secondsLeft: 40 }],
    ]);
  });
});
