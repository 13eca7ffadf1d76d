/** What to do where the compared rows have fewer conversions than `gate.min_conversions`. */

/** Fewer than this are too few whatever is declared: two or three of them decide. */
const FEWEST = 20;

/**
 * Returns what a shop with few conversions can do: the end of a sentence. The value that fits has one digit, and leaves
 * a tenth for nights that have fewer.
 */
export function fewConversionsAdvice(conversions: number): string {
  const more = 'a longer log, or a larger split.test, has more of them';
  const fitting = oneDigit(0.9 * conversions);
  if (fitting < FEWEST) return more;
  return `${more}; or gate: { min_conversions: ${fitting} } compares by what there is, and a difference must then be larger to be shown`;
}

/** Rounds down to one significant digit. */
function oneDigit(value: number): number {
  if (value < 1) return 0;
  const unit = 10 ** Math.floor(Math.log10(value));
  return Math.floor(value / unit) * unit;
}
