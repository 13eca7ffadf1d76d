/** How complete labels are by their age, where the log has no times of events: learned from run to run. */
import { afterEach, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { compareCalibration } from '../../lib/monitor/checks/calibration.ts';
import type { DayRecord } from '../../lib/monitor/history.ts';
import { labelAges } from '../../lib/monitor/numbers.ts';
import { completenessOfRuns } from '../../lib/monitor/statistics/completeness.ts';
import { DECLARATION, makeWorld, type World } from './world.ts';

const untimed = parseDeclaration(DECLARATION.replace('at: converted_at, ', ''), 'shop.yaml');
let world: World | undefined;
afterEach(() => world?.remove());

/** Values of parts of an age, 0 in the others. */
const parts = (values: Readonly<Record<number, number>>) => Array.from({ length: 32 }, (_, part) => values[part] ?? 0);

describe('completeness by what runs saw', () => {
  it('is the share of the events that the rows of an age have in the end', () => {
    // Twice as many events as predicted: of rows with 60 in the end, 15 and 45 had come.
    const day = {
      final: { predicted: 60, positives: 120 },
      seen: [
        { predicted: parts({ 4: 30 }), positives: parts({ 4: 15 }) },
        { predicted: parts({ 20: 30 }), positives: parts({ 20: 45 }) },
      ],
    };
    const found = completenessOfRuns([day]);
    expect([0, 4.5, 12.5, 20.5, 32].map((age) => found?.at(age))).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(found?.positives).toBe(120);
  });

  it('never falls with age, and needs events', () => {
    const seen = [{ predicted: parts({ 1: 50, 2: 50, 3: 50 }), positives: parts({ 1: 30, 2: 10, 3: 40 }) }];
    const found = completenessOfRuns([{ final: { predicted: 150, positives: 150 }, seen }]);
    expect([2, 3.5].map((age) => found?.at(age))).toEqual([0.4, 0.8]);
    expect(completenessOfRuns([{ final: { predicted: 49, positives: 49 }, seen }])).toBe(null);
    expect(completenessOfRuns([{ final: { predicted: 500, positives: 500 }, seen: [] }])).toBe(null);
  });

  it('is learned within days, and is that of the delays', async () => {
    world = await makeWorld(4000, 1, {}, untimed);
    for (let day = 0; day < 4; day++) await world.run(day);
    const found = await world.run(5);
    const [ages] = labelAges(found);
    expect(ages).toMatchObject({ stage: 'conversion', from: 'runs' });
    // Delays are exponential with a mean of 0.3 days.
    for (const { seconds, share } of ages?.ages ?? [])
      expect(Math.abs(share - (1 - Math.exp(-seconds / 86_400 / 0.3)))).toBeLessThan(0.12);
    const young = found.judged.filter(({ check, isProvisional }) => check === 'pcoc' && isProvisional);
    expect(young.map(({ subject, day, level }) => ({ subject, day, level }))).toContainEqual({
      subject: 'pctcvr',
      day: '2026-11-06',
      level: 'ok',
    });
  });

  it('leaves open whether young days have fewer events, or later ones: they are watched', () => {
    const learned = day('2026-11-01', { final: 2000, seen: { '2026-11-02T00:00:00.000Z': [1000, 500] } });
    const late = day('2026-11-05', { young: [1000, 100] });
    const context = { before: [learned], end: null, monitoring: untimed.monitoring, tasks: TASKS };
    expect(compareCalibration({ ...context, day: late })).toMatchObject([
      { subject: 'pctcvr', value: 5, isProvisional: true, limits: { watch: 0.1, act: null } },
    ]);
    // Once they are final, fewer events are fewer events.
    expect(compareCalibration({ ...context, day: day('2026-11-05', { final: 1000 }) })).toMatchObject([
      { value: 1, isProvisional: false, limits: { watch: 0.1, act: 0.3 } },
    ]);
  });
});

const TASKS = [{ output: 'pctcvr', label: 'conversion', given: null }];
/** The part of the ages at which a day was, or is, young. */
const PART = 8;

/** A day of final labels, as many as predicted, or of young ones: predicted, and observed so far. */
function day(
  name: string,
  sums: {
    readonly final?: number;
    readonly young?: readonly [number, number];
    readonly seen?: Readonly<Record<string, readonly [number, number]>>;
  },
): DayRecord {
  const { final, young, seen = {} } = sums;
  const bins = { from: 0, values: [] };
  const known = final !== undefined && {
    pctcvr: {
      rows: 10 * final,
      weight: 10 * final,
      predicted: final,
      variance: 1,
      positives: final,
      loss: 1,
      entropy: 1,
      bins: { weight: bins, predicted: bins, positives: bins },
    },
  };
  const at = (value: number) => parts({ [PART]: value });
  const snapshots = Object.entries(seen).map(([end, [predicted, positives]]) => [
    end,
    { pctcvr: { from: PART, predicted: [predicted], positives: [positives] } },
  ]);
  const version = {
    files: 1,
    rowsIn: 1,
    scored: 1,
    rejected: 0,
    seconds: 1,
    lastAt: `${name}T00:00:00.000Z`,
    features: {},
    outputs: null,
    counts: null,
    joined: {
      outcomes: 1,
      known: { ...known },
      young: young === undefined ? {} : { pctcvr: { predicted: at(young[0]), positives: at(young[1]), early: at(0) } },
      delays: {},
      segments: [],
      paired: {},
    },
    snapshots: Object.fromEntries(snapshots),
  };
  return { day: name, outcomes: null, versions: { v: version } };
}
