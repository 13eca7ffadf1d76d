import { expect, it } from 'vitest';
import { logGamma } from '../../lib/numbers/log-gamma.ts';

it.each([
  // Python's math.lgamma.
  [1e-8, 18.420680738180209],
  [0.1, 2.2527126517342055],
  [0.5, 0.5723649429247004],
  [1, 0],
  [1.5, -0.12078223763524543],
  [10, 12.801827480081467],
  [12.5, 18.734347511936445],
  [1000.25, 5906.947268271117],
  [1e6, 12815504.569147611],
])('the logarithm of the gamma function of %d is %d', (x, expected) => {
  expect(Math.abs(logGamma(x) - expected)).toBeLessThan(1e-13 * Math.max(1, Math.abs(expected)));
});
