import type { Logger } from '../../lib/scoring/protocol/ports.ts';
import type { OnProgress, Progress } from '../../lib/training/progress.ts';

const EVERY_MS = 10_000;

/** Progress as a line when something begins, and one in ten seconds then: rows or bytes, how many a second, and seconds left. */
export function progressLines(log: Logger, now = () => performance.now()): OnProgress {
  let phase = '';
  let began = { at: 0, done: 0 };
  let told = 0;
  return (progress: Progress) => {
    const { done, total } = progress;
    const name = [progress.phase, progress.network, progress.epoch].join(' ');
    const at = now();
    if (name !== phase) {
      phase = name;
      began = { at, done };
      told = at;
      log.info('began', { ...progress });
    }
    if (at - told < EVERY_MS) return;
    told = at;
    const rate = ((done - began.done) / (at - began.at)) * 1000;
    log.info('progress', {
      ...progress,
      [progress.unit === 'bytes' ? 'bytesPerSecond' : 'rowsPerSecond']: Math.round(rate),
      secondsLeft: Math.round((total - done) / rate),
    });
  };
}
