import type { TrainingChoice } from '../../lib/config/declaration.ts';
import { fixed } from '../../lib/numbers/text.ts';
import { epochLine } from '../../lib/training/epochs/history-text.ts';
import type { Progress } from '../../lib/training/progress.ts';
import type { TrainingOptions } from '../../lib/training/training-options.ts';
import { type Io, printError } from '../terminal/io.ts';
import type { ProgressBar } from '../terminal/progress-bar.ts';

/** Shows the progress of training or evaluation; `before` stands before what is under way. */
export function showProgress(
  bar: ProgressBar,
  { phase, done, total, unit, network, epoch, epochs, loss }: Progress,
  before = '',
): void {
  const ofNetwork = network === undefined ? '' : `${network} `;
  const label = `${before}${phase === 'train' ? `${ofNetwork}epoch ${epoch}/${epochs}` : phase}`;
  const note = loss === undefined ? {} : { note: `loss ${fixed(loss, 5)}` };
  const counted = unit === 'bytes' ? { done: done / 1e6, total: total / 1e6, unit: 'MB' } : { done, total };
  bar.update({ label, ...counted, ...note });
}

/** Returns what shows progress on a bar. */
export function progressOn(bar: ProgressBar): (progress: Progress) => void {
  return (progress) => showProgress(bar, progress);
}

/** Prints a line for each epoch, and what should be known of the training. */
export function trainingLines(
  bar: ProgressBar,
  io: Io,
  { epochs }: TrainingChoice,
): Required<Pick<TrainingOptions, 'onEpoch' | 'onNote'>> {
  const printLine = (line: string) => {
    // A bar that is under way would be torn by the line; the next progress begins another.
    bar.stop();
    printError(io, line);
  };
  return {
    onEpoch: (epoch, _rows, network) => printLine(epochLine(epoch, { network, epochs })),
    onNote: (note) => printLine(note),
  };
}
