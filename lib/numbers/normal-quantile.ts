/** Quantiles of the normal and the chi-square distribution, as far out as corrections for many tests need them. */

/** Newton's steps, at most; five or six are enough. */
const MOST_STEPS = 20;

/**
 * Returns the value that a standard normal exceeds with a probability.
 * @param probability above 0 and at most 0.5
 */
export function upperNormalQuantile(probability: number): number {
  // The tail is at most half of exp(-z²/2), and its logarithm is concave: Newton's steps come down to the quantile.
  let value = Math.sqrt(Math.max(0, -2 * Math.log(2 * probability)));
  for (let step = 0; step < MOST_STEPS; step++) {
    const tail = upperTail(value);
    const change = ((Math.log(tail) - Math.log(probability)) * tail) / density(value);
    value += change;
    if (Math.abs(change) < 1e-12 * (1 + value)) break;
  }
  return value;
}

/**
 * Returns the value that a chi-square of so many degrees of freedom exceeds with a probability, by the cube of Wilson and
 * Hilferty, "The distribution of chi-square" (PNAS 17, 1931): within 2% from 3 degrees of freedom on, to 1e-8.
 */
export function upperChiSquareQuantile(freedom: number, probability: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + upperNormalQuantile(probability) * Math.sqrt(spread)) ** 3;
}

/** The probability of a standard normal above a value of at least 0. */
function upperTail(value: number): number {
  return value < 3 ? 0.5 - density(value) * series(value) : density(value) / fraction(value);
}

function density(value: number): number {
  return Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI);
}

/** The area from 0 over the density (Abramowitz and Stegun, 26.2.11). */
function series(value: number): number {
  let [sum, term] = [value, value];
  for (let odd = 3; term > 1e-17 * sum; odd += 2) {
    term *= (value * value) / odd;
    sum += term;
  }
  return sum;
}

/** The continued fraction of Mills' ratio, upside down (Abramowitz and Stegun, 26.2.14). */
function fraction(value: number): number {
  let result = value;
  for (let step = 80; step >= 1; step--) result = value + step / result;
  return result;
}
