/** How long ago the last file was scored, and the last online request came. */
import { describe, expect, it } from 'vitest';
import type { DayRecord, VersionDay } from '../../lib/monitor/history.ts';
import { judge } from '../../lib/monitor/judge.ts';
import { tasks } from './simulate.ts';
import { dayText, declaration, VERSIONS } from './world.ts';

const [version] = VERSIONS;
const HOUR_MS = 3_600_000;

/** Noon of a day, from 0. */
const noon = (day: number) => Date.parse(`${dayText(day)}T12:00:00Z`);

const file: Omit<VersionDay, 'lastAt'> = {
  files: 1,
  rowsIn: 10,
  scored: 10,
  rejected: 0,
  seconds: 1,
  features: {},
  outputs: null,
  counts: null,
  joined: null,
};
const requests = { requests: 10, rowsIn: 10, scored: 10, rejected: 0, counted: { requests: 10, rows: 10 } };

/** Days with a file, or requests, until noon. */
function daysOf({ files = [], online = [] }: { files?: readonly number[]; online?: readonly number[] }): DayRecord[] {
  return [...new Set([...files, ...online])]
    .toSorted((a, b) => a - b)
    .map((day) => {
      const lastAt = new Date(noon(day)).toISOString();
      return {
        day: dayText(day),
        outcomes: null,
        versions: files.includes(day) ? { [version]: { ...file, lastAt } } : {},
        ...(online.includes(day) && { online: { [version]: { ...requests, features: {}, outputs: {}, lastAt } } }),
      };
    });
}

/** Subject, level and text of what is found on scores that are too old. */
function staleAt(now: number, days: readonly DayRecord[]) {
  const history = { formatVersion: 1, model: 'shop', end: null, days, told: {} } as const;
  return judge(history, { declaration, tasks, now: new Date(now) })
    .filter(({ check }) => check === 'stale')
    .map(({ subject, level, text }) => [subject, level, text]);
}

describe('stale', () => {
  it('is the time since the last file', () => {
    const days = daysOf({ files: [0, 1] });
    expect(staleAt(noon(3), days)).toEqual([
      ['', 'ok', '2026-11-04: the last file was scored 48.0 h ago, limit 48.0 h'],
    ]);
    expect(staleAt(noon(3) + HOUR_MS, days)).toMatchObject([['', 'watch', expect.any(String)]]);
    expect(staleAt(noon(6), days)).toEqual([
      ['', 'act', '2026-11-07: the last file was scored 120.0 h ago, limit 96.0 h'],
    ]);
  });

  it('is the time since the last online request, too, which files do not make younger', () => {
    const days = daysOf({ files: [7], online: [0, 1, 2] });
    expect(staleAt(noon(7), days)).toEqual([
      ['', 'ok', '2026-11-08: the last file was scored 0 s ago, limit 48.0 h'],
      ['online requests', 'act', 'online requests on 2026-11-08: the last one came 120.0 h ago, limit 96.0 h'],
    ]);
  });

  it('is none of requests that somebody tried on one or two days of a week', () => {
    expect(staleAt(noon(7), daysOf({ online: [0, 2] }))).toEqual([]);
    expect(staleAt(noon(20), daysOf({ online: [0, 8, 16] }))).toEqual([]);
  });

  it('is none of a service that has been without requests for two weeks', () => {
    const days = daysOf({ online: [0, 1, 2] });
    expect(staleAt(noon(16), days)).toMatchObject([['online requests', 'act', expect.any(String)]]);
    expect(staleAt(noon(16) + HOUR_MS, days)).toEqual([]);
  });

  it('is none without scores', () => {
    expect(staleAt(noon(7), [])).toEqual([]);
  });
});
