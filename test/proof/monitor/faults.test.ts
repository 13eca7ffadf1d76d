/** Faults that are known: which run finds each, and what it says. */
import { afterEach, describe, expect, it } from 'vitest';
import { dayText, type Faults, makeWorld, VERSIONS, type World } from '../../monitor/world.ts';

const ROWS = 20_000;
let world: World | null = null;
afterEach(async () => {
  await world?.remove();
  world = null;
});

/** Runs after each of some days, and returns what each told that was new. */
async function newsOf(faults: Faults, days: readonly number[]) {
  world = await makeWorld(ROWS, 1, faults);
  const told: string[] = [];
  for (const day of days) {
    const { news } = await world.run(day);
    told.push(...news.map(({ level, text }) => `${dayText(day)} ${level} ${text}`));
  }
  return told;
}

describe('monitoring of known faults', { timeout: 600_000 }, () => {
  it('says nothing where nothing is wrong', async () => {
    expect(await newsOf({}, [5, 7])).toEqual([]);
  });

  it('finds a feature that is missing from the sixth day on, in the same night', async () => {
    expect(await newsOf({ missing: (day) => (day >= 5 ? 1 : 0.01) }, [4, 5])).toEqual([
      '2026-11-06 act price on 2026-11-06: 100% of the rows have no value, where 1% had none at training, limit 25% above',
    ]);
  });

  it('finds ids that are written otherwise in candidates, in the same night', async () => {
    expect(await newsOf({ unknown: (day) => (day >= 5 ? 1 : 0.02) }, [4, 5])).toEqual([
      '2026-11-06 act item on 2026-11-06: 100% of the values are unknown, where 2% were at training, limit 40% above',
    ]);
  });

  it('finds conversions that halve, in the same night, by what should have come so far', async () => {
    expect(await newsOf({ conversions: (day) => (day >= 5 ? 0.5 : 1) }, [4, 5])).toEqual([
      '2026-11-06 act pcvr on 2026-11-06: predicted over observed is 2.16 (1.82 to 2.56) so far, with 70.2% of the labels, limit 1.30',
      '2026-11-06 act pctcvr on 2026-11-06: predicted over observed is 2.16 (1.82 to 2.56) so far, with 70.7% of the labels, limit 1.30',
    ]);
  });

  it('finds delays that double, a day later, and does not blame the model', async () => {
    expect(await newsOf({ delay: (day) => (day >= 5 ? 0.6 : 0.3) }, [4, 5, 6])).toEqual([
      '2026-11-07 watch conversion on 2026-11-06: 76.9% of the events so far came in the first half of the time, where 91.4% did before, limit 5% off',
    ]);
  });

  it('finds a file that was scored twice, and counts each outcome once', async () => {
    const files = (day: number) =>
      ['all', ...(day === 5 ? ['again'] : [])].map((name) => ({ name, version: VERSIONS[0] }));
    expect(await newsOf({ files }, [4, 5])).toEqual([
      '2026-11-06 watch 2026-11-06: 50% of the scored rows repeat the keys of another row of the day, where 0% did in the week before, limit 10% above',
    ]);
  });

  it('keeps versions apart where one is promoted in between, and compares them on the same rows', async () => {
    const files = (day: number) =>
      VERSIONS.slice(day > 5 ? 1 : 0, day < 5 ? 1 : 2).map((version) => ({ name: version.slice(-4), version }));
    expect(await newsOf({ files }, [7])).toEqual([]);
    const { history } = (await world?.run(7)) ?? {};
    const day = history?.days.find((one) => one.day === dayText(5));
    expect(
      Object.entries(day?.versions ?? {}).map(([version, { scored, joined }]) => [version, scored, joined?.outcomes]),
    ).toEqual([
      [VERSIONS[0], ROWS, undefined],
      [VERSIONS[1], ROWS, ROWS],
    ]);
    // The two score alike here, so neither is better.
    expect(day?.versions[VERSIONS[1]]?.joined?.paired[VERSIONS[0]]?.pctr).toEqual({
      rows: ROWS,
      difference: 0,
      squares: 0,
    });
  });

  it('finds keys that no longer fit, in the same night', async () => {
    expect(await newsOf({ keyPrefix: (day) => (day >= 5 ? 'K' : 'k') }, [4, 5])).toEqual([
      '2026-11-06 act 2026-11-06: 100% of the outcomes have no score, where 0% did in the week before, limit 50% above',
      '2026-11-06 act keys on 2026-11-06: none of 20,000 outcomes has a score, limit 50%',
    ]);
  });
});
