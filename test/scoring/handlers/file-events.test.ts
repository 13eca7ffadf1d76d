import { describe, expect, it } from 'vitest';
import { scoresManifestKey } from '../../../lib/contract/bucket.ts';
import { tellFiles } from '../../../lib/scoring/handlers/file-events.ts';
import { planFile } from '../../../lib/scoring/protocol/plan.ts';
import type { CurrentModel, Price } from '../../../lib/scoring/protocol/ports.ts';
import { RECORDS, readRecord } from '../../../lib/scoring/protocol/records.ts';
import { redriveFile } from '../../../lib/scoring/protocol/redrive.ts';
import type { Store } from '../../../lib/store/store.ts';
import { directTools, planWork, shardWork } from '../world/steps.ts';
import {
  arrivalAt,
  fakeFiles,
  KEY,
  MODEL,
  memoryStore,
  putCandidate,
  RANKED,
  type Shards,
  TWO_SHARDS,
} from '../world/world.ts';

const AT = '2026-05-08T09:30:00.000Z';

/** Scores a file to its end, with every message delivered twice; a shard takes half a second. */
async function eventsOf(shards: Shards, { price = null as Price | null, model = MODEL as CurrentModel } = {}) {
  const store = memoryStore();
  const file = await putCandidate(store, 1);
  const events: [string, unknown][] = [];
  let time = Date.parse(AT);
  const tools = {
    ...directTools(store),
    now: () => new Date(time),
    onWritten: tellFiles({ info: (name, details) => void events.push([name, details]) }),
    price,
  };
  const fake = fakeFiles(shards);
  const files: typeof fake = {
    ...fake,
    async scoreShard(request) {
      time += 500;
      return fake.scoreShard(request);
    },
  };
  for (const _ of ['once', 'again']) {
    await planWork(file, files, model)(tools);
    for (const shard of shards.keys()) await shardWork(file, shard, files)(tools);
  }
  return { events, file, tools };
}

/** What the manifest of the file's scores says of their cost. */
async function costOf(store: Store): Promise<unknown> {
  return (await readRecord(store, RECORDS.manifest, scoresManifestKey(KEY)))?.value.cost;
}

describe('the event of a file that has ended', () => {
  it('tells rows, rejects, version, seconds and USD of scores, once', async () => {
    const price = { usdPerSecond: 0.00005, prices: 'list prices of a test' };
    const { events, file, tools } = await eventsOf(TWO_SHARDS, { price });
    expect(events).toEqual([
      [
        'scores.done',
        {
          key: KEY,
          versionId: file.versionId,
          source: file.source,
          model: 'hillstrom',
          version: 'm1',
          rowsIn: 20,
          scored: 18,
          rejected: 2,
          rejectedByReason: { missing_key: 2 },
          seconds: 1,
          usd: 0.00005,
          plannedAt: AT,
          finishedAt: '2026-05-08T09:30:01.000Z',
        },
      ],
    ]);
    expect(await costOf(tools.store)).toEqual({ usd: 0.00005, ...price });
  });

  it('has no USD where nobody charges, and the rows that ranks keep', async () => {
    const { events, tools } = await eventsOf(TWO_SHARDS, { model: RANKED });
    expect(events).toMatchObject([['scores.done', { kept: 6 }]]);
    expect(Object.keys(events[0]?.[1] as object)).not.toContain('usd');
    expect(await costOf(tools.store)).toBeUndefined();
  });

  it('tells why a file failed, and nothing of its being reopened', async () => {
    const { events, file, tools } = await eventsOf([{ scored: 1, rejected: 9 }]);
    expect(events).toEqual([
      [
        'scores.failed',
        {
          key: KEY,
          versionId: file.versionId,
          source: file.source,
          reason: 'too_many_rejects',
          message: `${KEY}: 9 of 10 rows rejected (90%), at most 50% allowed; most often missing_key (9 rows), expected a value`,
          details: { rowsIn: 10, rejected: 9, maxRejected: 0.5, rejectedByReason: { missing_key: 9 } },
          failedAt: '2026-05-08T09:30:00.500Z',
        },
      ],
    ]);
    await redriveFile({ ...tools, arrivals: tools.shards }, file.source);
    expect(events).toHaveLength(1);
  });

  it('reports a key that cannot have scores, once', async () => {
    const events: unknown[] = [];
    const tools = {
      ...directTools(memoryStore()),
      onWritten: tellFiles({ info: (...event) => void events.push(event) }),
      files: fakeFiles(TWO_SHARDS),
      models: { current: async () => MODEL },
      inOneGo: null,
    };
    for (let time = 1; time <= 2; time += 1) await planFile(tools, arrivalAt('candidates/notes.txt', 'v1', time));
    expect(events).toEqual([
      [
        'scores.failed',
        {
          key: 'candidates/notes.txt',
          versionId: 'v1',
          reason: 'key_extension',
          message: 'candidate key ends in .txt, expected .parquet, .csv or .csv.gz (candidates/notes.txt)',
          failedAt: '2025-12-31T00:00:00.000Z',
        },
      ],
    ]);
  });
});
