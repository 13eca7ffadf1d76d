/**
 * Monitoring as the stack runs it, over an emulated bucket and event bus: three days are scored, each night the log is
 * written anew with the purchases until then, and the task looks. On the third day the ids of the items are written
 * otherwise.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readHistory } from '../../../lib/monitor/history.ts';
import type { Store } from '../../../lib/store/store.ts';
import { collectEvents, type EventCollector } from '../emulator/events.ts';
import { openSite } from '../site/site.ts';
import { candidatesCsv, logCsv, publishModel, rowsOfDays, scoreFiles, shopDeclaration } from './shop.ts';

const run = promisify(execFile);
const DAY_MS = 86_400_000;
const ROWS = 400;
const MODEL = 'three-days';
/** Midnight three days ago: a bucket's clock cannot be set. */
const FIRST = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS;
const DAYS = [0, 1, 2].map((day) => FIRST + day * DAY_MS);
const ROWS_OF_DAYS = DAYS.map((start, day) => rowsOfDays({ start, days: 1, rows: ROWS, seed: 100 + day }));
const dayText = (start: number) => new Date(start).toISOString().slice(0, 10);

let folder: string;
let store: Store;
let bucket: string;
let events: EventCollector;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'three-days-'));
  ({ store, bucket } = await openSite(inject('endpoint')));
  events = await collectEvents(inject('endpoint'), { model: [MODEL] });
  // What the model learns from is older.
  const learned = { start: FIRST - 12 * DAY_MS, days: 10, rows: 4_000, seed: 1 };
  const log = logCsv(rowsOfDays(learned), learned.start + learned.days * DAY_MS);
  await publishModel(store, folder, shopDeclaration(MODEL), log);
  for (const [day, rows] of ROWS_OF_DAYS.entries()) {
    const itemOf = (item: string) => (day === 2 ? `item-${item}` : item);
    await store.put(keyOf(day), candidatesCsv(rows, itemOf));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function keyOf(day: number): string {
  return `candidates/dt=${dayText(DAYS[day] as number)}/all.csv`;
}

/** Runs the task in the night after a day, as its container does; returns its lines. */
async function look(day: number): Promise<Record<string, unknown>[]> {
  const midnight = (DAYS[day] as number) + DAY_MS;
  for (const [past, rows] of ROWS_OF_DAYS.slice(0, day + 1).entries())
    await store.put(`data/dt=${dayText(DAYS[past] as number)}/part.csv`, logCsv(rows, midnight));
  const { stdout } = await run(process.execPath, ['dist/monitoring.js'], {
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: inject('endpoint'),
      BUCKET: `s3://${bucket}`,
      MODEL_NAME: MODEL,
      RUN_ID: `night-${day}`,
      EVENT_BUS: 'default',
      PARTITIONS_UNTIL: dayText(DAYS[day] as number),
      THREADS: '1',
      MEMORY_MIB: '512',
      SCRATCH: folder,
      POWERTOOLS_SERVICE_NAME: 'stack-shop',
      POWERTOOLS_DEV: 'false',
    },
  });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('three days that are scored, and looked at each night', () => {
  it('say nothing while nothing is wrong, although most purchases have not come', async () => {
    for (const day of [0, 1]) {
      await scoreFiles(store, MODEL, folder, [keyOf(day)]);
      const lines = await look(day);
      expect(lines.find(({ message }) => message === 'monitored')).toMatchObject({
        verdict: 'ok',
        runId: `night-${day}`,
      });
      expect(lines).toContainEqual(
        expect.objectContaining({ MonitoringLevel: 0, model: MODEL, service: 'stack-shop' }),
      );
    }
    const { days = [] } = (await readHistory(store, MODEL))?.value ?? {};
    expect(days.map(({ day, outcomes }) => [day, outcomes])).toEqual(
      DAYS.slice(0, 2).map((start) => [dayText(start), { rows: ROWS, unscored: 0 }]),
    );
    expect(await events.received(0)).toEqual([]);
  });

  it('tell in the third night, on the page and as an event, what broke', async () => {
    await scoreFiles(store, MODEL, folder, [keyOf(2)]);
    const lines = await look(2);
    expect(lines).toContainEqual(expect.objectContaining({ MonitoringLevel: 2, model: MODEL }));
    const day = dayText(DAYS[2] as number);
    const text = `item on ${day}: 100% of the values are unknown, where 0% were at training, limit 40% above`;
    const seen = await events.received(1);
    expect(seen).toContainEqual(
      expect.objectContaining({
        source: 'entirespace',
        'detail-type': 'monitor.act',
        detail: expect.objectContaining({
          model: MODEL,
          check: 'unknown',
          subject: 'item',
          day,
          value: 1,
          limit: 0.4,
          text,
          advice: expect.stringMatching(/^look whether the column of the candidates is written as in the log/),
          page: `s3://${bucket}/monitoring/${MODEL}/index.html`,
        }),
      }),
    );
    const page = new TextDecoder().decode((await store.get(`monitoring/${MODEL}/index.html`)).body);
    expect(page).toContain(text);
    // Looked at again, it is no news.
    await look(2);
    expect(await events.received(seen.length)).toHaveLength(seen.length);
  });
});
