import { describe, expect, it } from 'vitest';
import {
  byteText,
  count,
  countOf,
  duration,
  fixed,
  fixedPercent,
  interval,
  listed,
  metric,
  minute,
  percent,
  precise,
  secondsText,
  shortened,
  signed,
} from '../../lib/numbers/text.ts';

describe('numbers in messages', () => {
  it.each([
    [count(1_234_567), '1,234,567'],
    [count(0.6), '1'],
    [countOf(0, 'row'), '0 rows'],
    [countOf(1, 'row'), '1 row'],
    [countOf(1_234, 'row'), '1,234 rows'],
    [percent(0.0435), '4.35%'],
    [percent(0.00021), '0.021%'],
    [percent(1), '100%'],
    [fixedPercent(0.2757, 2), '27.57%'],
    [fixedPercent(1, 2), '100.00%'],
    [fixed(0.657, 4), '0.6570'],
    [precise(0.021_041_9), '0.02104'],
    [precise(12_345.6), '12350'],
    [signed(0.0123, 4), '+0.0123'],
    [signed(-0.0123, 4), '\u22120.0123'],
    [interval({ lower: 0.961, upper: 1.02 }, (value) => value.toFixed(3)), '0.961 to 1.020'],
    [interval({ lower: null, upper: 1.02 }, String), ''],
    [metric({ value: 0.5 }, 2), '0.50'],
    [duration(48.4), '48 s'],
    [duration(720), '12 min'],
    [duration(12_240), '3.4 h'],
    [secondsText(12.34), '12.3 s'],
    [byteText(1), '1 byte'],
    [byteText(2 ** 20 - 1), '1,048,575 bytes'],
    [byteText(2.3 * 2 ** 20), '2.3 MiB'],
    [byteText(4 * 2 ** 30), '4.0 GiB'],
    [minute(new Date('2026-01-31T04:30:59.999Z')), '2026-01-31 04:30 UTC'],
    [shortened('abcdefghij', 5), 'ab\u2026ij'],
    [shortened('abc', 5), 'abc'],
    [listed([]), ''],
    [listed(['a', 'b']), 'a, b'],
    [listed([...'abcdefghij']), 'a, b, c, d, e, f, g, h, i, j'],
    [listed([...'abcdefghijkl'], '; '), 'a; b; c; d; e; f; g; h; i; j and 2 more'],
    [listed(['x'.repeat(400), 'b'], '; '), `${'x'.repeat(400)}; b`],
    [listed(['x'.repeat(81), 'b']), `${'x'.repeat(40)}\u2026${'x'.repeat(39)}, b`],
  ])('are written as %s', (text, expected) => {
    expect(text).toBe(expected);
  });

  it.each([percent(null), fixed(null, 2), precise(undefined), signed(null, 2), metric({ value: null }, 2)])(
    'are written as a dash where there is no number',
    (text) => {
      expect(text).toBe('-');
    },
  );
});
