import { afterEach, describe, expect, it, vi } from 'vitest';
import { progressBar } from '../../../bin/terminal/progress-bar.ts';
import { showProgress } from '../../../bin/training/show-progress.ts';
import { workplace } from '../workplace.ts';
import { collector } from './collector.ts';

const place = workplace();

describe('the progress of a command', () => {
  it('is plain lines on standard error where that is no terminal', async () => {
    const { code, stderr } = await place.run('train', 'shop.yaml', '--data', 'log.csv');
    expect(code).toBe(0);
    expect(stderr.replaceAll(/\d\.\d{4,5}/g, '<n>')).toBe(`encode: 3,000/3,000 rows
log.csv: 3,000 rows, 0 rejected
  split by the hash of row: 10% validation, 20% test
  train            2,078 rows: click 573 (27.57%); conversion 192 (9.24%)
  validation         313 rows: click 88 (28.12%); conversion 22 (7.03%)
  test               609 rows: click 172 (28.24%); conversion 65 (10.67%)
note: 65 of the test rows have a conversion, the gate needs 200 to compare a version with the one in use (gate.min_conversions): after the first version none comes into use by itself; a longer log, or a larger split.test, has more of them; or gate: { min_conversions: 50 } compares by what there is, and a difference must then be larger to be shown
note: training.batch_size 512 is more than a tenth of the 2,078 training rows: 5 steps an epoch (default: 128)
epoch 1/2: 2,078/2,078 rows, loss <n>
epoch 1/2: training loss <n> (click <n>, conversion <n>), validation <n> (click <n>, conversion <n>), AUC pctr <n>, pcvr <n>, pctcvr <n>, best so far
note: pcvr is no better than a constant after epoch 1: its log loss of conversion on the validation rows that reached click is <n>, that of their rate alone <n>
note: pctcvr is no better than a constant after epoch 1: its log loss of conversion on the validation rows is <n>, that of their rate alone <n>
epoch 2/2: 2,078/2,078 rows, loss <n>
epoch 2/2: training loss <n> (click <n>, conversion <n>), validation <n> (click <n>, conversion <n>), AUC pctr <n>, pcvr <n>, pctcvr <n>, best so far
training ended after epoch 2, best is epoch 2: all 2 epochs are trained (training.epochs); the last one is the best, so more may be better
note: pcvr is no better than a constant after the best epoch, 2: its log loss of conversion on the validation rows that reached click is <n>, that of their rate alone <n>
note: pctcvr is no better than a constant after the best epoch, 2: its log loss of conversion on the validation rows is <n>, that of their rate alone <n>
evaluate: 609/609 rows
report: 5,481/5,481 rows
`);
  });
});

describe('plain lines', () => {
  afterEach(() => void vi.useRealTimers());

  /** What is written while the clock goes on by so many seconds before each update. */
  function linesOf(updates: readonly { after: number; label: string; done: number; total: number; note?: string }[]) {
    vi.useFakeTimers();
    const { stream, chunks } = collector();
    const bar = progressBar(stream);
    for (const { after, ...update } of updates) {
      vi.advanceTimersByTime(after * 1000);
      bar.update(update);
    }
    bar.stop();
    return chunks;
  }

  it('come every five seconds and at the end, with the speed since the first', () => {
    expect(
      linesOf([
        { after: 0, label: 'encode', done: 100, total: 10_000 },
        { after: 4, label: 'encode', done: 900, total: 10_000 },
        { after: 6, label: 'encode', done: 2100, total: 10_000 },
        { after: 1, label: 'encode', done: 2300, total: 10_000 },
        { after: 9, label: 'encode', done: 10_000, total: 10_000, note: 'done' },
      ]),
    ).toEqual([
      'encode: 2,100/10,000 rows, 200 rows/s, 40 s left\n',
      'encode: 10,000/10,000 rows, 495 rows/s, 20.0 s, done\n',
    ]);
  });

  it('name long times in minutes and hours', () => {
    const left = (done: number) => [
      { after: 0, label: 'encode', done: 0, total: 10_000_000 },
      { after: 10, label: 'encode', done, total: 10_000_000 },
    ];
    expect(linesOf(left(100_000))).toEqual(['encode: 100,000/10,000,000 rows, 10,000 rows/s, 17 min left\n']);
    expect(linesOf(left(10_000))).toEqual(['encode: 10,000/10,000,000 rows, 1,000 rows/s, 2.8 h left\n']);
  });

  it('count anew with another label', () => {
    expect(
      linesOf([
        { after: 0, label: 'epoch 1/2', done: 0, total: 100 },
        { after: 1, label: 'epoch 1/2', done: 100, total: 100 },
        { after: 1, label: 'epoch 2/2', done: 0, total: 100 },
        { after: 2, label: 'epoch 2/2', done: 100, total: 100 },
      ]),
    ).toEqual(['epoch 1/2: 100/100 rows, 100 rows/s, 1.0 s\n', 'epoch 2/2: 100/100 rows, 50 rows/s, 2.0 s\n']);
  });

  it('count the bytes of files that are converted in MB', () => {
    vi.useFakeTimers();
    const { stream, chunks } = collector();
    const bar = progressBar(stream);
    for (const done of [0, 1.5e9, 4e9]) {
      showProgress(bar, { phase: 'convert', unit: 'bytes', done, total: 4e9 });
      vi.advanceTimersByTime(10_000);
    }
    expect(chunks).toEqual([
      'convert: 1,500/4,000 MB, 150 MB/s, 17 s left\n',
      'convert: 4,000/4,000 MB, 200 MB/s, 20.0 s\n',
    ]);
  });

  it('have no speed where all was done at once, and do not come where there is nothing to do', () => {
    expect(
      linesOf([
        { after: 0, label: 'evaluate', done: 100, total: 100 },
        { after: 0, label: 'score', done: 0, total: 0 },
      ]),
    ).toEqual(['evaluate: 100/100 rows\n']);
  });
});
