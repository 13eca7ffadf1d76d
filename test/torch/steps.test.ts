/** The three containers of a run that trains on a GPU, as processes over a folder, and the second over S3: PyTorch on a CPU. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { currentVersion } from '../../lib/registry/current.ts';
import { readManifest } from '../../lib/registry/versions.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { type Emulator, startEmulator } from '../aws/emulator/emulator.ts';
import { makeBucketAt } from '../aws/emulator/make.ts';
import { type Place, places } from '../process/training-task/place.ts';
import { PYTHON, TRAINER } from './bundles.ts';

const MINUTE = 60_000;
/** With a checkpoint at every step it is slow, and without one fast: so it is ended in its midst on any machine. */
const LONG = { batchSize: 64, epochs: 20 };
const openPlace = places();
const TORCH = { PYTHON, TRAINER, OMP_NUM_THREADS: '1' };
const AT_EACH_STEP = { CHECKPOINT_MINUTES: '0' };

/** A step to its end, on a machine of its own. */
async function step(place: Place, STEP: string, changes: Readonly<Record<string, string>> = {}) {
  const run = place.start({ ...TORCH, STEP, SCRATCH: await place.newScratch(), ...changes });
  return { ...(await run.ended), lines: run.lines.map(({ message, line }) => String(line ?? message)) };
}

async function weightsOf(store: Store): Promise<string> {
  const { body } = await store.get('_bundles/shop/night-1/trained/0.safetensors');
  return createHash('sha256').update(body).digest('hex');
}

let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator();
});
afterAll(() => emulator?.stop());

/** A bucket on the emulator with a run's bundle. */
async function bucketWithBundle({ store }: Place): Promise<Store> {
  const remote = openStore(`s3://${await makeBucketAt(emulator.endpoint)}`, emulator);
  for await (const { key } of store.list('_bundles/shop/night-1/bundle/'))
    await remote.put(key, (await store.get(key)).body);
  return remote;
}

it('a run by steps is promoted, and one whose training was killed and stopped learns the same bytes', {
  timeout: 5 * MINUTE,
}, async () => {
  const [whole, killed] = [await openPlace(LONG), await openPlace(LONG)];
  for (const place of [whole, killed]) expect(await step(place, 'export')).toMatchObject({ code: 0, stderr: '' });
  const remote = await bucketWithBundle(whole);
  expect(await step(whole, 'train')).toMatchObject({ code: 0 });
  expect(await step(whole, 'train', { ...emulator.env, BUCKET: remote.url })).toMatchObject({ code: 0 });
  expect(await weightsOf(remote)).toBe(await weightsOf(whole.store));
  // The machine is gone at once; then another one has the time to say so.
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const run = killed.start({ ...TORCH, ...AT_EACH_STEP, STEP: 'train', SCRATCH: await killed.newScratch() });
    expect(await run.line('checkpoint kept')).not.toBeNull();
    if (signal === 'SIGKILL') {
      const trainer = run.lines.find(({ message }) => message === 'trainer started')?.pid as number;
      process.kill(trainer, signal);
      run.child.kill(signal);
      await once(run.child, 'exit');
    } else {
      run.child.kill(signal);
      expect(await run.ended).toMatchObject({ code: 143 });
    }
  }
  const last = await step(killed, 'train');
  expect(last).toMatchObject({ code: 0 });
  expect(last.lines.some((line) => line.startsWith('continues at step '))).toBe(true);
  expect(await weightsOf(killed.store)).toBe(await weightsOf(whole.store));
  expect(await step(killed, 'publish')).toMatchObject({ code: 0, stderr: '' });
  const current = await currentVersion(killed.store, 'shop');
  const { training } = await readManifest(killed.store, 'shop', current?.version ?? '');
  expect(training.elsewhere?.engine).toMatch(/^pytorch \d/);
  const left = [];
  for await (const { key } of killed.store.list('_bundles/')) left.push(key);
  expect(left).toEqual([]);
});
