/** The logarithm of the gamma function. */

/** Coefficients of Stirling's series in 1 / x, 1 / x^3 and so on (Abramowitz and Stegun, 6.1.41). */
const SERIES = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360];
/** From here on the series is exact to rounding. */
const LEAST = 12;

/**
 * Returns the natural logarithm of the gamma function.
 * @param x above 0
 */
export function logGamma(x: number): number {
  let [shifted, product] = [x, 1];
  for (; shifted < LEAST; shifted++) product *= shifted;
  const inverse = 1 / shifted;
  let [sum, power] = [0, inverse];
  for (const coefficient of SERIES) {
    sum += coefficient * power;
    power *= inverse * inverse;
  }
  return (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + sum - Math.log(product);
}
