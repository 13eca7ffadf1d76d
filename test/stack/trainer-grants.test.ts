/** That what the training task may do in the bucket is enough for a run, and not too much. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PREFIXES } from '../../lib/contract/bucket.ts';
import { GRANTS } from '../../lib/stack/grants.ts';
import { fileStore } from '../../lib/store/folder/file-store.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import { runSettings } from '../../training/run/environment.ts';
import { runTraining } from '../../training/run/run.ts';
import { runStep } from '../../training/run/steps/run-step.ts';
import { localFleet, rangeProcesses } from '../bundle/fleet/local-fleet.ts';
import { DECLARATION_KEY, putPartitions, shopDeclaration } from '../training/shop.ts';
import { notingUses, noUses } from './noting-uses.ts';

it('a run, warm started from another, uses what is granted and nothing else', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'trainer-'));
  onTestFinished(() => rm(scratch, { recursive: true }));
  const store = memoryStore();
  await store.put(DECLARATION_KEY, shopDeclaration());
  await putPartitions(store, { seed: 1, rows: 12_000, start: new Date('2026-01-01T00:00:00.000Z'), days: 12 });
  const uses = noUses();
  const log = { info: () => undefined, error: (message: string) => expect.fail(message) };
  for (const [runId, until] of [
    ['one', '2026-01-10'],
    ['two', '2026-01-12'],
  ] as const) {
    const variables = { BUCKET: 's3://shop', MODEL_NAME: 'shop', RUN_ID: runId, PARTITIONS_UNTIL: until };
    const limits = { WINDOW_DAYS: '10', WARM_START: 'true', THREADS: '1', MEMORY_MIB: '512', SCRATCH: scratch };
    const tools = { store: notingUses(store, uses), log, count: () => undefined, signal: new AbortController().signal };
    expect((await runTraining(runSettings({ ...variables, ...limits }), tools)).version).toMatch(/^\d{8}-/);
  }
  for (const action of ['read', 'write', 'delete'] as const)
    expect([...uses[action]].toSorted(), action).toEqual(GRANTS.trainer.prefixes[action].toSorted());
});

it('a run by steps uses what its three roles are granted and nothing else', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'trainer-'));
  onTestFinished(() => rm(scratch, { recursive: true }));
  const store = fileStore(join(scratch, 'bucket'));
  await store.put(DECLARATION_KEY, shopDeclaration({ epochs: 1 }));
  await putPartitions(store, { seed: 1, rows: 3_000, start: new Date('2026-01-01T00:00:00.000Z'), days: 10 });
  const uses = { bundler: noUses(), encodeRange: noUses(), gpuTrainer: noUses() };
  const log = { info: () => undefined, error: (message: string) => expect.fail(message) };
  const workers = notingUses(store, uses.encodeRange);
  const { encoder, close } = await rangeProcesses(workers, scratch, 1);
  onTestFinished(async () => void (await close()));
  const ranges = localFleet({ store: workers, scratch, encoder, newWriterId: randomUUID });
  for (const [STEP, role] of [
    ['export', 'bundler'],
    ['train', 'gpuTrainer'],
    ['publish', 'bundler'],
  ] as const) {
    const variables = { BUCKET: 's3://shop', MODEL_NAME: 'shop', RUN_ID: 'one', PARTITIONS_UNTIL: '2026-01-10', STEP };
    const limits = { WINDOW_DAYS: '10', THREADS: '1', MEMORY_MIB: '512', SCRATCH: scratch };
    const trainer = {
      PYTHON: process.execPath,
      TRAINER: join(import.meta.dirname, '../training-task/stand-in-trainer.mjs'),
    };
    const signal = new AbortController().signal;
    const tools = { store: notingUses(store, uses[role]), log, count: () => undefined, ranges, signal };
    await runStep(runSettings({ ...variables, ...limits, ...trainer }), tools);
  }
  // The trainer's own program writes the weights and checkpoints there, and removes the last one (training/torch/folders.py).
  uses.gpuTrainer.write.add(PREFIXES.bundles);
  uses.gpuTrainer.delete.add(PREFIXES.bundles);
  for (const role of ['bundler', 'encodeRange', 'gpuTrainer'] as const)
    for (const action of ['read', 'write', 'delete'] as const)
      expect([...uses[role][action]].toSorted(), `${role} ${action}`).toEqual(GRANTS[role].prefixes[action].toSorted());
});
