/** Lines of the dump that cannot be rows of the log: counted by reason, with the first line numbers. */
import { count, countOf } from '../../numbers/text.ts';

/** Why a line is left out, and what was expected instead. */
const REASONS = {
  field_count: 'as many fields between commas as the dump has',
  sample_id_not_integer: 'a whole number',
  label_not_binary: '0 or 1',
  feature_not_valid: 'field \\x02 id \\x03 value, the id a whole number and the value at least 0',
  feature_count: 'as many features as feature_num says',
  conversion_without_click: 'a click where there is a purchase',
  common_features_missing: 'a line of the common features with this index',
  sample_id_repeated: 'each id once: the first line holds',
  common_feature_index_repeated: 'each index once: the first line holds',
} as const;

export type Reason = keyof typeof REASONS;

/** Lines left out for one reason. */
export interface Problem {
  readonly reason: Reason;
  readonly lines: number;
  /** Line numbers of the first three, from 1. */
  readonly first: readonly number[];
}

const SHOWN_LINES = 3;

/** Counts the lines of one file that are left out. */
export class Problems {
  readonly #found = new Map<Reason, { lines: number; first: number[] }>();
  total = 0;

  add(reason: Reason, line: number): void {
    const found = this.#found.get(reason) ?? { lines: 0, first: [] };
    found.lines += 1;
    if (found.first.length < SHOWN_LINES) found.first.push(line);
    this.#found.set(reason, found);
    this.total += 1;
  }

  list(): Problem[] {
    return [...this.#found].map(([reason, { lines, first }]) => ({ reason, lines, first }));
  }
}

/** One line of text for a reason: `2 lines left out: feature_count, expected ... (lines 7 and 9)`. */
export function problemText({ reason, lines, first }: Problem): string {
  const more = lines > first.length ? ', ...' : '';
  const numbers = `line${first.length === 1 ? '' : 's'} ${first.map(count).join(', ')}${more}`;
  return `${countOf(lines, 'line')} left out: ${reason}, expected ${REASONS[reason]} (${numbers})`;
}
