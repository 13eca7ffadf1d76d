/** How often the gate is wrong, by simulation: of equal pairs, and of pairs of which one is known to be better. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../../lib/gate/judge.ts';
import { simulate } from '../../gate/simulate.ts';

describe('of pairs that are equally good', () => {
  it('at most 8% are promoted, and guards refuse none', { timeout: 120_000 }, () => {
    const judgements = Array.from({ length: 200 }, (_, pair) => judge(simulate({ seed: 1000 + pair })));
    const failed = judgements.flatMap(({ figures }) => figures.guards.filter(({ holds }) => !holds));
    expect(failed).toEqual([]);
    const promoted = judgements.filter(({ verdict }) => verdict === 'promoted').length;
    expect(promoted).toBeLessThanOrEqual(16);
    // One in twenty is what the bound allows: a gate that promotes none would be no test of it.
    expect(promoted).toBeGreaterThan(0);
  });
});

describe('of challengers that are known to be better', () => {
  it('at least 80% are promoted', { timeout: 120_000 }, () => {
    const verdicts = Array.from(
      { length: 50 },
      (_, pair) => judge(simulate({ seed: 2000 + pair, championNoise: 0.7, challengerNoise: 0.4 })).verdict,
    );
    expect(verdicts.filter((verdict) => verdict === 'promoted').length).toBeGreaterThanOrEqual(40);
  });

  it('none is promoted the other way round', { timeout: 120_000 }, () => {
    const verdicts = Array.from(
      { length: 20 },
      (_, pair) => judge(simulate({ seed: 3000 + pair, championNoise: 0.4, challengerNoise: 0.9 })).verdict,
    );
    expect(new Set(verdicts)).toEqual(new Set(['refused']));
  });
});

describe('four weeks of a shop with 20 conversions a week', () => {
  it('get better versions most of the time, and rarely one that is not', () => {
    const promoted = (noise: { readonly championNoise: number; readonly challengerNoise: number }) =>
      Array.from({ length: 20 }, (_, pair) => {
        const input = simulate({ seed: 9_000 + pair, users: 64, ...noise });
        return judge({ ...input, rules: { ...input.rules, minConversions: 50 } });
      }).filter(({ verdict }) => verdict === 'promoted').length;
    expect(promoted({ championNoise: 1.5, challengerNoise: 0.2 })).toBeGreaterThanOrEqual(15);
    // One in twenty by the bound of 95%: more than four have a probability below 0.3%.
    expect(promoted({ championNoise: 0.4, challengerNoise: 0.4 })).toBeLessThanOrEqual(4);
    expect(promoted({ championNoise: 0.2, challengerNoise: 1 })).toBe(0);
  });
});
