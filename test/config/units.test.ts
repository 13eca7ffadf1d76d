import { describe, expect, it } from 'vitest';
import { DURATION, INSTANT, parseDuration, parseInstant } from '../../lib/config/units.ts';

describe('a duration', () => {
  it.each([
    { text: '7d', ms: 604_800_000 },
    { text: '36h', ms: 129_600_000 },
    { text: '30m', ms: 1_800_000 },
    { text: '45s', ms: 45_000 },
  ])('of $text is $ms ms', ({ text, ms }) => {
    expect(text).toMatch(DURATION);
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['0d', '7', '7 d', '1.5h', '-1d', '7w', 'd', '7d ', '100000d'])('cannot be written %j', (text) => {
    expect(text).not.toMatch(DURATION);
  });
});

describe('an instant', () => {
  it.each([
    { text: '2026-05-08', ms: 1_778_198_400_000 },
    { text: '2026-05-08T00:00Z', ms: 1_778_198_400_000 },
    { text: '2026-05-08 02:00:00+02:00', ms: 1_778_198_400_000 },
    { text: '2026-05-07T22:30:00.5-01:30', ms: 1_778_198_400_500 },
    { text: '2028-02-29T12:00', ms: 1_835_438_400_000 },
  ])('of $text is $ms ms, in UTC where it names no zone', ({ text, ms }) => {
    expect(text).toMatch(INSTANT);
    expect(parseInstant(text)).toBe(ms);
  });

  it.each(['2026-02-30', '2026-13-01', '2026-05-08T25:00Z', '2026-05-08T10:61'])(
    'of %s is NaN: it does not exist',
    (text) => {
      expect(text).toMatch(INSTANT);
      expect(parseInstant(text)).toBeNaN();
    },
  );

  it.each(['2026-5-8', '8.5.2026', '2026-05-08T', '20260508', '2026-05-08T06'])('cannot be written %s', (text) => {
    expect(text).not.toMatch(INSTANT);
  });
});
