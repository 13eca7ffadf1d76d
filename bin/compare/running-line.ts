/** The trainings that are under way at once, how far each is: one line on a terminal, a plain line now and then elsewhere. */
import { count, duration } from '../../lib/numbers/text.ts';
import type { Output } from '../terminal/io.ts';

/** How far a training is. */
export interface RunningUpdate {
  /** What is under way: `epoch 2/10`. */
  readonly what: string;
  /** Share of the work that is done, of the most that it may be. */
  readonly share: number;
  /** Rows that are done; `null` where work is not counted in rows. */
  readonly rows: number | null;
}

export interface RunningLine {
  /** Shows how far a run is; `run` is its name. */
  update(run: string, update: RunningUpdate): void;
  /** Leaves out a run that has ended. */
  end(run: string): void;
  /** Takes the line away, so that other lines can be written. */
  clear(): void;
}

/** Seconds between two lines on a terminal, and elsewhere. */
const TERMINAL_SECONDS = 0.2;
const PLAIN_SECONDS = 30;
const DEFAULT_COLUMNS = 80;
/** Moves to the beginning of the line and erases it. */
const ERASE = '\r\x1b[2K';

/** A display of the runs under way; none where there is no output for it. */
export function runningLine(output: Output | null): RunningLine {
  const runs = new Map<string, Followed>();
  const isTerminal = output?.isTTY === true;
  const seconds = isTerminal ? TERMINAL_SECONDS : PLAIN_SECONDS;
  let [shownAt, isShown] = [performance.now(), false];
  const show = () => {
    const text = [...runs].map(([run, followed]) => `${run} ${followedText(followed)}`).join('; ');
    shownAt = performance.now();
    isShown = isTerminal;
    output?.write(isTerminal ? `${ERASE}${text.slice(0, (output.columns ?? DEFAULT_COLUMNS) - 1)}` : `${text}\n`);
  };
  return {
    update(run, update) {
      runs.set(run, followedOf(runs.get(run), update));
      if (performance.now() - shownAt >= seconds * 1000) show();
    },
    end: (run) => void runs.delete(run),
    clear() {
      if (isShown) output?.write(ERASE);
      isShown = false;
      // Where lines come often enough, nothing is shown between them.
      if (!isTerminal) shownAt = performance.now();
    },
  };
}

/** What is under way in a run, since when, and what was done by then. */
interface Followed {
  readonly start: { readonly at: number; readonly share: number; readonly rows: number | null };
  readonly update: RunningUpdate;
}

/** A run may train one network after the other: the next one begins anew. */
function followedOf(before: Followed | undefined, update: RunningUpdate): Followed {
  const { share, rows } = update;
  const isNext = before === undefined || share < before.update.share;
  return { update, start: isNext ? { at: performance.now(), share, rows } : before.start };
}

function followedText({ start, update: { what, share, rows } }: Followed): string {
  const seconds = (performance.now() - start.at) / 1000;
  const isMeasured = share > start.share && seconds > 0;
  const rate = isMeasured && rows !== null && start.rows !== null ? (rows - start.rows) / seconds : null;
  const left = isMeasured ? (seconds * (1 - share)) / (share - start.share) : null;
  return [
    what,
    ...(rate === null ? [] : [`${count(rate)} rows/s`]),
    ...(left === null ? [] : [`at most ${duration(left)} left`]),
  ].join(', ');
}
