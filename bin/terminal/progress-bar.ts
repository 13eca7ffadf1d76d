/** Progress of long work: a bar on a terminal, a plain line every few seconds elsewhere. */
import { SingleBar } from 'cli-progress';
import { count, duration, secondsText } from '../../lib/numbers/text.ts';
import type { Output } from './io.ts';

export interface ProgressUpdate {
  /** What is under way: `epoch 2/10`. */
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** What is counted; rows by default. */
  readonly unit?: string;
  /** Shown beside the rate: `loss 0.4521`. */
  readonly note?: string;
}

export interface ProgressBar {
  update(update: ProgressUpdate): void;
  stop(): void;
}

const LINE_SECONDS = 5;

/**
 * A display of rows done, rows a second and time left; none where there is no output for it. With another label it
 * begins anew, and where there is nothing to do it shows nothing.
 */
export function progressBar(output: Output | null): ProgressBar {
  if (output === null) return SILENT;
  return output.isTTY ? terminalBar(output) : plainLines(output);
}

const SILENT: ProgressBar = { update: () => undefined, stop: () => undefined };

function terminalBar(stream: Output): ProgressBar {
  const bar = new SingleBar({
    format: '{label} [{bar}] {value}/{total} {unit}  {rate}  {left}{note}',
    clearOnComplete: true,
    hideCursor: true,
    barsize: 24,
    stream,
  });
  let label: string | null = null;
  let start: Start = NOT_STARTED;
  return {
    update({ total, done, note, unit = 'rows', ...next }) {
      if (total === 0) return;
      if (next.label !== label) {
        if (label !== null) bar.stop();
        label = next.label;
        start = { at: performance.now(), done };
        bar.start(Math.round(total), 0, { label, unit, rate: '', left: '', note: '' });
      }
      bar.update(Math.round(done), { ...speed(done, total, start, unit), note: note === undefined ? '' : `  ${note}` });
    },
    stop() {
      if (label !== null) bar.stop();
      label = null;
    },
  };
}

function plainLines(output: Output): ProgressBar {
  let label: string | null = null;
  let start: Start = NOT_STARTED;
  let printed = 0;
  return {
    update({ total, done, note, unit = 'rows', ...next }) {
      if (total === 0) return;
      const now = performance.now();
      if (next.label !== label) {
        label = next.label;
        start = { at: now, done };
        printed = now;
      }
      if (done < total && now - printed < LINE_SECONDS * 1000) return;
      printed = now;
      const { rate, left } = speed(done, total, start, unit);
      const details = [`${count(done)}/${count(total)} ${unit}`, rate, left, note];
      output.write(`${label}: ${details.filter(Boolean).join(', ')}\n`);
    },
    stop: () => undefined,
  };
}

/** The first update of a label; the rows that were done by then do not count for the speed. */
interface Start {
  readonly at: number;
  readonly done: number;
}

const NOT_STARTED: Start = { at: 0, done: 0 };

function speed(done: number, total: number, start: Start, unit: string): { rate: string; left: string } {
  const seconds = (performance.now() - start.at) / 1000;
  if (done <= start.done || seconds === 0) return { rate: '', left: '' };
  const rate = (done - start.done) / seconds;
  const left = Math.ceil((total - done) / rate);
  return {
    rate: `${count(rate)} ${unit}/s`,
    left: done < total ? `${duration(left)} left` : secondsText(seconds),
  };
}
