/** Retraining while the bucket cannot be reached, while another run takes over, and with a wrong clock. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { currentVersion } from '../../../lib/registry/current.ts';
import { listDecisions } from '../../../lib/registry/decisions.ts';
import type { Store } from '../../../lib/store/store.ts';
import type { RunResult } from '../../../training/run/records.ts';
import {
  startTraining,
  type TrainingProcess,
  type TrainingProcessOptions,
} from '../../process/training-task/process.ts';
import { DECLARATION_KEY, putPartitions, type ShopDeclaration, shopDeclaration } from '../../training/shop.ts';
import type { SyntheticLog } from '../../training/synthetic-log.ts';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../emulator/fault-proxy.ts';
import { openSite } from '../site/site.ts';

const MINUTE = 60_000;
const LOG: SyntheticLog = { seed: 1, rows: 30_000, start: new Date('2026-01-01T00:00:00.000Z'), days: 10 };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'training-faults-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Night {
  /** The bucket, reached without the proxy. */
  readonly store: Store;
  /** The proxy between the run and the bucket. */
  readonly proxy: FaultProxy;
  /** URL of the emulator, without the proxy. */
  readonly endpoint: string;
  start(runId: string, changes?: Readonly<Record<string, string>>, options?: TrainingProcessOptions): TrainingProcess;
  resultOf(runId: string): Promise<RunResult>;
}

/** Makes a bucket for one test, so that the tests can run at the same time. */
async function night(declaration: ShopDeclaration = {}): Promise<Night> {
  const { bucket, store, endpoint } = await openSite(inject('endpoint'));
  const proxy = await startFaultProxy(endpoint);
  await store.put(DECLARATION_KEY, shopDeclaration(declaration));
  await putPartitions(store, LOG);
  const scratch = join(folder, bucket);
  await mkdir(scratch);
  return {
    store,
    proxy,
    endpoint,
    start: (runId, changes = {}, options = {}) =>
      startTraining(
        {
          AWS_ENDPOINT_URL: proxy.endpoint,
          BUCKET: `s3://${bucket}`,
          MODEL_NAME: 'shop',
          RUN_ID: runId,
          WINDOW_DAYS: '10',
          PARTITIONS_UNTIL: '2026-01-10',
          SCRATCH: scratch,
          ...changes,
        },
        options,
      ),
    async resultOf(runId) {
      const { body } = await store.get(`_training/shop/${runId}/result.json`);
      return JSON.parse(new TextDecoder().decode(body));
    },
  };
}

/** Closes every connection from the first such request on, for that time or until `end` is called. */
function goAway({ inject }: FaultProxy, from: (request: SeenRequest) => boolean, forMs = Number.POSITIVE_INFINITY) {
  let until: number | null = null;
  let refused = 0;
  const isAway = (request: SeenRequest) => {
    if (until === null && from(request)) until = Date.now() + forMs;
    const isNow = until !== null && Date.now() < until;
    if (isNow) refused += 1;
    return isNow;
  };
  inject({ when: isAway, times: Number.POSITIVE_INFINITY, answer: 'close' });
  return {
    refused: () => refused,
    isOver: () => until !== null && Date.now() >= until,
    end: () => {
      until = 0;
    },
  };
}

const puts = (part: string) => (request: SeenRequest) => request.method === 'PUT' && request.url.includes(part);
const renews = (request: SeenRequest) => puts('/lease.json')(request) && request.headers['if-match'] !== undefined;
async function isLeaseOver(store: Store): Promise<boolean> {
  const { body } = await store.get('_training/shop/lease.json');
  return (await store.now()) >= new Date(JSON.parse(new TextDecoder().decode(body)).expiresAt);
}

const errors = ({ lines }: TrainingProcess) => lines.filter(({ level }) => level === 'ERROR');

describe.concurrent('a bucket that cannot be reached for a minute costs a run nothing but time', () => {
  it.each<{ what: string; from: (request: SeenRequest) => boolean; settings?: Readonly<Record<string, string>> }>([
    { what: 'while it reads the data', from: ({ method, url }) => method === 'GET' && url.includes('/data/dt%3D') },
    { what: 'while it renews its lease, which ends', from: renews, settings: { LEASE_SECONDS: '6' } },
    { what: 'while it writes a checkpoint', from: puts('/state.bin'), settings: { CHECKPOINT_MINUTES: '0.01' } },
    { what: 'while it promotes its version', from: puts('/current.json') },
  ])('$what', { timeout: 3 * MINUTE }, async ({ from, settings }) => {
    const { store, proxy, start, resultOf } = await night();
    const outage = goAway(proxy, from, MINUTE);
    const run = start('night', settings);
    const ended = await run.ended;
    expect({ ...ended, errors: errors(run) }).toEqual({ code: 0, signal: null, stderr: '', errors: [] });
    expect(outage.isOver()).toBe(true);
    expect(outage.refused()).toBeGreaterThan(10);
    const result = await resultOf('night');
    expect(result.status).toBe('first');
    expect((await currentVersion(store, 'shop'))?.version).toBe(result.version);
    await proxy.stop();
  });
});

describe.concurrent('a run', () => {
  it('that cannot reach the bucket for longer than its lease promotes nothing if another has taken over', {
    timeout: 2 * MINUTE,
  }, async () => {
    const { store, proxy, endpoint, start, resultOf } = await night();
    const outage = goAway(proxy, renews);
    const cutOff = start('monday', { LEASE_SECONDS: '3' });
    await cutOff.line('lease taken');
    await expect.poll(() => isLeaseOver(store), { timeout: MINUTE }).toBe(true);
    const scratch = await mkdtemp(join(folder, 'scratch-'));
    const other = start('tuesday', { AWS_ENDPOINT_URL: endpoint, SCRATCH: scratch });
    expect(await other.ended).toMatchObject({ code: 0, stderr: '' });
    outage.end();
    expect(await cutOff.ended).toMatchObject({ code: 9, stderr: '' });
    expect(errors(cutOff).map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^run monday lost the lease on model shop: run tuesday has taken it \(in s3:\/\/test-[\w-]+\)$/,
      ),
    ]);
    const { version } = await resultOf('tuesday');
    expect(await currentVersion(store, 'shop')).toMatchObject({ version, trainingEpoch: 2, earlier: [] });
    expect((await listDecisions(store, 'shop')).map((decision) => decision.version)).toEqual([version]);
    await proxy.stop();
  });

  it("goes by the bucket's clock, where that of its machine is years behind and goes back", {
    timeout: 2 * MINUTE,
  }, async () => {
    const { store, proxy, start, resultOf } = await night({ features: 'age' });
    const began = (await store.now()).getTime();
    expect(await start('monday').ended).toMatchObject({ code: 0, stderr: '' });
    const one = await resultOf('monday');
    await store.put(DECLARATION_KEY, shopDeclaration({ batchSize: 8, epochs: 4 }));
    const preload = join(import.meta.dirname, '../../process/training-task/wrong-clock.ts');
    const late = start('tuesday', { LEASE_SECONDS: '3', CHECKPOINT_MINUTES: '0.005' }, { preload });
    await late.line('lease taken');
    late.child.kill('SIGUSR2');
    // Another run, with the right time, finds the lease held.
    const other = start('wednesday', { SCRATCH: await mkdtemp(join(folder, 'scratch-')) });
    expect(await other.ended).toMatchObject({ code: 9, stderr: '' });
    expect({ ...(await late.ended), errors: errors(late) }).toMatchObject({ code: 0, stderr: '', errors: [] });
    const years = new Set(late.lines.map(({ timestamp }) => String(timestamp).slice(0, 4)));
    expect(years.size).toBe(2);
    const two = await resultOf('tuesday');
    expect(two).toMatchObject({ status: 'promoted', champion: one.version });
    expect(two.version > one.version).toBe(true);
    expect(two.seconds).toBeGreaterThan(0);
    const decisions = await listDecisions(store, 'shop');
    expect(decisions.map(({ version }) => version)).toEqual([one.version, two.version]);
    const current = await currentVersion(store, 'shop');
    expect(current?.version).toBe(two.version);
    expect(Date.parse(current?.promotedAt ?? '')).toBeGreaterThanOrEqual(began);
    await proxy.stop();
  });
});
