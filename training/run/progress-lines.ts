import type { Log } from '../../lib/scoring/ports.ts';
import type { OnProgress, Progress } from '../progress.ts';

const EVERY_MS = 10_000;

/** Progress as one line in ten seconds: rows, rows a second and seconds left of what is being done. */
export function progressLines(log: Log, now = () => performance.now()): OnProgress {
  let phase = '';
  let began = { at: 0, done: 0 };
  let told = 0;
  return (progress: Progress) => {
    const { done, total } = progress;
    const name = [progress.phase, progress.epoch].join(' ');
    const at = now();
    if (name !== phase) {
      phase = name;
      began = { at, done };
      told = at;
    }
    if (at - told < EVERY_MS) return;
    told = at;
    const rate = ((done - began.done) / (at - began.at)) * 1000;
    log.info('progress', {
      ...progress,
      rowsPerSecond: Math.round(rate),
      secondsLeft: Math.round((total - done) / rate),
    });
  };
}
