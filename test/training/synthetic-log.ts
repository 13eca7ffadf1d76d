/** A log of impressions whose clicks and conversions follow known probabilities, as CSV. */
import { randomStream } from '../../lib/numbers/random.ts';

export interface SyntheticLog {
  readonly seed: number;
  readonly rows: number;
  /** Time of the first row; the rows are spread evenly over so many days. */
  readonly start: Date;
  readonly days: number;
  /** Conversions are known only after so long; those that the end of the log cuts off are 0. */
  readonly delayMs?: number;
  /** Share of the conversions that the log has lost. */
  readonly lost?: number;
  /** Names of the columns for item and age. */
  readonly columns?: readonly [string, string];
}

const DAY_MS = 86_400_000;

/** CSV with `row`, `time`, `user`, `item`, `age`, `clicked`, `bought`. */
export function syntheticLog({
  seed,
  rows,
  start,
  days,
  delayMs = 0,
  lost = 0,
  columns = ['item', 'age'],
}: SyntheticLog): string {
  const random = randomStream(seed, 'log');
  const end = start.getTime() + days * DAY_MS;
  const lines = [['row', 'time', 'user', ...columns, 'clicked', 'bought'].join(',')];
  for (let row = 0; row < rows; row++) {
    const draw = (what: number) => random.uniform(8 * row + what);
    const time = start.getTime() + Math.floor((row * days * DAY_MS) / rows);
    const [item, age] = [Math.floor(draw(0) * 10), 18 + Math.floor(draw(1) * 60)];
    const clicked = draw(2) < 0.05 + item / 20 ? 1 : 0;
    const isKnown = time + delayMs < end && draw(4) >= lost;
    const bought = clicked === 1 && draw(3) < 0.1 + age / 150 && isKnown ? 1 : 0;
    lines.push(
      [row, new Date(time).toISOString(), `u${Math.floor(draw(5) * 400)}`, `i${item}`, age, clicked, bought].join(','),
    );
  }
  return `${lines.join('\n')}\n`;
}
