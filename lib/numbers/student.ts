/** Student's t distribution, for intervals of few values. */

/**
 * Returns the value that a t of so many degrees of freedom stays within, above and below 0, with a probability.
 *
 * @param freedom a whole number from 1
 * @param probability above 0 and below 1
 */
export function studentBound(freedom: number, probability: number): number {
  let [low, high] = [0, Math.PI / 2];
  // The angle whose tangent is t / sqrt(freedom) is between 0 and a right angle: 60 halvings leave no more than rounding.
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (within(middle, freedom) < probability) low = middle;
    else high = middle;
  }
  return Math.sqrt(freedom) * Math.tan((low + high) / 2);
}

/** The probability between -t and t by their angle (Abramowitz and Stegun, 26.7.3 and 26.7.4). */
function within(angle: number, freedom: number): number {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = freedom % 2 === 1;
  let [sum, term] = [0, isOdd ? cosine : 1];
  for (let power = isOdd ? 1 : 0; power <= freedom - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * cosine * cosine;
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
