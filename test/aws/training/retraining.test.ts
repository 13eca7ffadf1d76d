/** Several retrainings of one model, each in a process of its own, over an emulated bucket. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { rollBackByHand } from '../../../lib/registry/by-hand.ts';
import { currentVersion } from '../../../lib/registry/current.ts';
import { listDecisions } from '../../../lib/registry/decisions.ts';
import { planFile } from '../../../lib/scoring/protocol/plan.ts';
import type { ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import type { RunResult } from '../../../training/run/records.ts';
import { startTraining, type TrainingProcess } from '../../process/training-task/process.ts';
import { DECLARATION_KEY, putPartitions, type ShopDeclaration, shopDeclaration } from '../../training/shop.ts';
import type { SyntheticLog } from '../../training/synthetic-log.ts';
import { openSite, type Site } from '../site/site.ts';

const LOG: SyntheticLog = { seed: 1, rows: 30_000, start: new Date('2026-01-01T00:00:00.000Z'), days: 10 };
/** The log two days later: other rows, and two more days at its end. */
const NEXT: SyntheticLog = { ...LOG, seed: 2, start: new Date('2026-01-03T00:00:00.000Z') };
const SLOW: ShopDeclaration = { batchSize: 8, epochs: 4 };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retraining-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function start(
  site: Site,
  runId: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<TrainingProcess> {
  return startTraining({
    AWS_ENDPOINT_URL: site.endpoint,
    BUCKET: `s3://${site.bucket}`,
    MODEL_NAME: 'shop',
    RUN_ID: runId,
    WINDOW_DAYS: '10',
    PARTITIONS_UNTIL: '2026-01-10',
    SCRATCH: await mkdtemp(join(folder, 'scratch-')),
    ...changes,
  });
}

async function resultOf({ store }: Site, runId: string): Promise<RunResult> {
  const { body } = await store.get(`_training/shop/${runId}/result.json`);
  return JSON.parse(new TextDecoder().decode(body));
}

async function modelBytes({ store }: Site, version: string): Promise<string> {
  return Buffer.from((await store.get(`models/shop/${version}/model.onnx`)).body).toString('base64');
}

async function replacePartitions({ store }: Site, log: SyntheticLog): Promise<void> {
  for await (const { key } of store.list('data/')) await store.delete(key);
  await putPartitions(store, log);
}

/** Scores a candidate file, and returns the version of the model that scored it. */
async function scoredBy(site: Site, name: string): Promise<string> {
  const file = await site.put(`candidates/${name}.csv`, 'row,age,item\n1,30,i3\n2,44,i9\n');
  const models = new ModelLoader(site.store, { scratch: folder, threads: 1, memoryLimitMiB: 256 });
  try {
    const files = candidateFiles({ store: site.store, models, scratch: folder, shardRows: 100 });
    await planFile(
      {
        store: site.store,
        files,
        newWriterId: randomUUID,
        now: () => new Date(),
        models: registryModels(site.store, 'shop'),
        shards: { send: () => Promise.reject(new Error('one shard needs no message')) },
        inOneGo: { files, scratch: folder, hasTime: () => true },
      },
      file,
    );
  } finally {
    await models.release();
  }
  const { body } = await site.store.get(`scores/${name}.csv/_manifest.json`);
  return (JSON.parse(new TextDecoder().decode(body)) as ScoresManifest).model.version;
}

describe.concurrent('retraining', () => {
  it('promotes what is better, refuses what is broken, and is taken back', { timeout: 180_000 }, async () => {
    const site = await openSite(inject('endpoint'));
    await site.store.put(DECLARATION_KEY, shopDeclaration({ features: 'age' }));
    await putPartitions(site.store, LOG);
    const first = await start(site, 'v1');
    expect(await first.ended).toMatchObject({ code: 0, stderr: '' });
    const one = await resultOf(site, 'v1');
    expect(one.status).toBe('first');
    expect(await scoredBy(site, 'monday')).toBe(one.version);

    await replacePartitions(site, NEXT);
    await site.store.put(DECLARATION_KEY, shopDeclaration());
    const better = await start(site, 'v2', { PARTITIONS_UNTIL: '2026-01-12', WARM_START: 'true' });
    expect(await better.ended).toMatchObject({ code: 0, stderr: '' });
    const two = await resultOf(site, 'v2');
    expect(two).toMatchObject({ status: 'promoted', champion: one.version });
    // The declaration has gained a feature: the log line says which weights were kept.
    expect(better.lines.find(({ message }) => message === 'warm start')).toMatchObject({
      version: one.version,
      tables: { item: { kept: 0 } },
      parameters: { fresh: [] },
    });
    expect(await scoredBy(site, 'tuesday')).toBe(two.version);

    const start3 = new Date('2026-01-05T00:00:00.000Z');
    await replacePartitions(site, { ...NEXT, seed: 3, start: start3, lost: 0.5 });
    const broken = await start(site, 'v3', { PARTITIONS_UNTIL: '2026-01-14' });
    expect(await broken.ended).toMatchObject({ code: 7, stderr: '' });
    const three = await resultOf(site, 'v3');
    expect(three).toMatchObject({ status: 'refused', champion: two.version });
    expect(three.reasons.join('; ')).toMatch(/conversion/);
    expect(await scoredBy(site, 'wednesday')).toBe(two.version);

    await rollBackByHand(site.store, 'shop', { reason: 'complaints', at: new Date(), pinned: true });
    expect(await scoredBy(site, 'thursday')).toBe(one.version);
    const history = (await listDecisions(site.store, 'shop')).map(({ verdict, by }) => `${by}: ${verdict}`);
    expect(history.toSorted()).toEqual(['gate: first', 'gate: promoted', 'gate: refused', 'rollback: promoted']);
  });

  it('that is killed in the middle goes on to the same bytes', { timeout: 120_000 }, async () => {
    const bytes: string[] = [];
    for (const isKilled of [false, true]) {
      const site = await openSite(inject('endpoint'));
      await site.store.put(DECLARATION_KEY, shopDeclaration(SLOW));
      await putPartitions(site.store, LOG);
      const settings = { CHECKPOINT_MINUTES: '0.01' };
      if (isKilled) {
        const run = await start(site, 'night', settings);
        await run.line('checkpoint written');
        await delay(300);
        run.child.kill('SIGKILL');
        await run.ended;
        expect(await currentVersion(site.store, 'shop')).toBeNull();
      }
      const run = await start(site, 'night', settings);
      expect(await run.ended).toMatchObject({ code: 0, stderr: '' });
      expect(run.lines.some(({ message }) => message === 'going on from a checkpoint')).toBe(isKilled);
      bytes.push(await modelBytes(site, (await resultOf(site, 'night')).version));
    }
    expect(bytes[1]).toBe(bytes[0]);
  });
});
