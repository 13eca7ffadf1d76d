import { fixed } from '../../lib/numbers/text.ts';
import type { Progress } from '../../lib/training/progress.ts';
import type { ProgressBar } from '../terminal/progress-bar.ts';

/** Shows the progress of training or evaluation. */
export function showProgress(bar: ProgressBar, { phase, done, total, network, epoch, epochs, loss }: Progress): void {
  const ofNetwork = network === undefined ? '' : `${network} `;
  const label = phase === 'train' ? `${ofNetwork}epoch ${epoch}/${epochs}` : phase;
  bar.update({ label, done, total, ...(loss === undefined ? {} : { note: `loss ${fixed(loss, 5)}` }) });
}
