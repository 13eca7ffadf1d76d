import { expect, it } from 'vitest';
import { alarmNotes, lastMonitoring, putMonitoringVerdict } from '../../lib/gate/monitoring-verdict.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';

const AT = '2026-11-06T23:00:00.000Z';

it('nothing is noted where monitoring never ran, or found everything in order', async () => {
  const store = memoryStore();
  expect(await lastMonitoring(store, 'shop')).toBe(null);
  expect(await alarmNotes(store, 'shop')).toEqual([]);
  const reason = 'no limit crossed in 70 comparisons of 5 days';
  await putMonitoringVerdict(store, { model: 'shop', at: AT, level: 'ok', reason });
  expect(await lastMonitoring(store, 'shop')).toEqual({ level: 'ok', at: AT, reason });
  expect(await alarmNotes(store, 'shop')).toEqual([]);
});

it.each(['watch', 'act'] as const)('%s is noted, of that model alone', async (level) => {
  const store = memoryStore();
  await putMonitoringVerdict(store, { model: 'shop', at: AT, level, reason: 'price on 2026-11-06: too much' });
  expect(await alarmNotes(store, 'shop')).toEqual([
    `monitoring of the version in use: ${level}, 2026-11-06 23:00 UTC: price on 2026-11-06: too much; the new version is judged all the same`,
  ]);
  expect(await alarmNotes(store, 'mail')).toEqual([]);
});

it('a verdict that cannot be read is noted, and stops nothing', async () => {
  const store = memoryStore();
  await store.put('monitoring/shop/verdict.json', '{"formatVersion": 2}');
  expect(await alarmNotes(store, 'shop')).toEqual([
    `monitoring of the version in use: unreadable: format of monitoring verdict of shop is 2, expected 1: another release wrote it (in ${store.url}); the new version is judged all the same`,
  ]);
});
