/** A scheduled run of monitoring, over a folder with the scores and the log of a shop whose prices go missing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onlineKey } from '../../lib/contract/bucket.ts';
import { emptyOnlineRecord } from '../../lib/monitor/online/record.ts';
import type { BusEvent, EventBus } from '../../lib/queue/event-bus.ts';
import { GRANTS } from '../../lib/stack/grants.ts';
import { recordText } from '../../lib/store/records.ts';
import { monitorSettings } from '../../training/monitor/environment.ts';
import { runMonitoring } from '../../training/monitor/run.ts';
import { DECLARATION, dayText, makeWorld, VERSIONS, type World } from '../monitor/world.ts';
import { notingUses, noUses } from '../stack/noting-uses.ts';

const LAST = 5;
const uses = noUses();
let world: World;

beforeAll(async () => {
  world = await makeWorld(600, 1, { missing: (day) => (day === LAST ? 1 : 0.01) });
  await world.write(LAST);
  const { store } = world;
  await store.put(`models/shop/${VERSIONS[0]}/declaration.yaml`, DECLARATION);
  const day = dayText(LAST);
  await store.put(onlineKey('shop', day, 0), recordText(emptyOnlineRecord('shop', day)));
});
afterAll(() => world.remove());

/** Runs the task once, and returns what it did. */
async function run(bus: EventBus | null, variables: Readonly<Record<string, string>> = {}) {
  const { folder } = world;
  const store = notingUses(world.store, uses);
  const lines: [string, Readonly<Record<string, unknown>>][] = [];
  const metrics: Record<string, number> = {};
  const settings = monitorSettings({
    BUCKET: 'unused',
    MODEL_NAME: 'shop',
    PARTITIONS_UNTIL: dayText(LAST),
    THREADS: '1',
    MEMORY_MIB: '512',
    SCRATCH: folder,
    ...variables,
  });
  const log = { info: (...line: (typeof lines)[number]) => void lines.push(line), error: () => expect.fail('error') };
  const count = (values: Readonly<Record<string, number | undefined>>) => void Object.assign(metrics, values);
  const monitored = await runMonitoring(settings, { store, log, count, bus, signal: new AbortController().signal });
  return { monitored, lines, metrics };
}

describe('the monitoring task', () => {
  it('needs a model in use', async () => {
    await expect(run(null)).rejects.toThrow(`model shop has no current version (in ${world.store.url}): train one`);
    const current = { formatVersion: 1, version: VERSIONS[0], reason: 'test', promotedAt: '2026-11-01T03:00:00.000Z' };
    await world.store.put('models/shop/current.json', recordText({ ...current, earlier: [] }));
  });

  it('judges what needs no outcomes where no log is there yet', async () => {
    const { monitored, lines, metrics } = await run(null, { DATA_PREFIX: 'logs/' });
    expect(monitored.news.map(({ check, subject, level }) => [check, subject, level])).toContainEqual([
      'missing',
      'price',
      'act',
    ]);
    expect(lines[0]).toEqual(['log of the days', expect.objectContaining({ files: 0 })]);
    expect(metrics).toMatchObject({ MonitoringLevel: 2, MonitoringNews: 0 });
    expect(metrics.MonitoringFindings).toBeGreaterThan(0);
  });

  it('writes the page although nobody can be told, and tells what is kept in the next run', async () => {
    const { store } = world;
    await store.putFile(`data/dt=${dayText(LAST)}/log.parquet`, `${world.folder}/log.parquet`);
    const away: EventBus = {
      send: async (sent) => sent.map((event) => ({ event, why: 'event bus is away', isRefused: false })),
    };
    await expect(run(away)).rejects.toThrow('findings not told: event bus is away');
    const page = new TextDecoder().decode((await store.get('monitoring/shop/index.html')).body);
    expect(page).toContain('100% of the rows have no value');
    const events: BusEvent[] = [];
    const bus: EventBus = {
      async send(sent) {
        events.push(...sent);
        return [];
      },
    };
    const { monitored, metrics } = await run(bus);
    expect(monitored.history.days.at(-1)?.outcomes?.rows).toBe(600);
    expect(monitored.news).toEqual([]);
    expect(metrics.MonitoringNews).toBe(events.length);
    expect(events).toContainEqual({
      type: 'monitor.act',
      time: expect.any(Date),
      detail: expect.objectContaining({
        model: 'shop',
        subject: 'price',
        day: dayText(LAST),
        value: 1,
        text: expect.stringMatching(/^price on 2026-11-06: 100% of the rows have no value, .*, limit 25% above$/),
        advice: expect.stringMatching(/^look /),
      }),
    });
    events.length = 0;
    await run(bus);
    expect(events).toEqual([]);
  });

  it('reads as many days as labels and scores may be late', async () => {
    // Conversions within two days, of scores that are three days old at most.
    const { lines } = await run(null);
    expect(lines[0]?.[1]).toMatchObject({ from: '2026-11-01', until: '2026-11-06', missingDays: expect.any(Array) });
    expect((await run(null, { WINDOW_DAYS: '2' })).lines[0]?.[1]).toMatchObject({ from: '2026-11-05' });
  });

  it('uses what its role is granted and nothing else', () => {
    for (const action of ['read', 'write', 'delete'] as const)
      expect([...uses[action]].toSorted(), action).toEqual(GRANTS.monitor.prefixes[action].toSorted());
  });

  it('names every variable that is wrong', () => {
    expect(() => monitorSettings({ MODEL_NAME: 'Shop', WINDOW_DAYS: 'all' })).toThrow(
      'environment: BUCKET is not set; MODEL_NAME must be a-z, 0-9 and -, got "Shop"; WINDOW_DAYS must be a whole number from 1 to 3660, got "all"',
    );
  });
});
