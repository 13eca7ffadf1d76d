/** The training container's entry, as a process over a folder. */
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../../lib/numbers/random.ts';
import { currentVersion } from '../../../lib/registry/current.ts';
import { readManifest } from '../../../lib/registry/versions.ts';
import { DAYS, keysUnder, messages, modelBytes, places, resultOf, SLOW, UNTIL } from './place.ts';

const place = places();

describe('a run', () => {
  it('trains on the window, promotes the first version, and leaves no more than its result', async () => {
    const { store, start } = await place();
    const run = start();
    expect(await run.ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(run.lines[0]).toMatchObject({ message: 'started', model: 'shop', runId: 'night-1', engine: 'onnxruntime' });
    expect(messages(run.lines, 'data window')).toMatchObject([
      { from: '2026-01-01', until: UNTIL, files: DAYS, missingDays: [] },
    ]);
    const result = await resultOf(store, 'night-1');
    expect(result).toMatchObject({ status: 'first', champion: null, model: 'shop', runId: 'night-1' });
    expect((await currentVersion(store, 'shop'))?.version).toBe(result.version);
    expect((await currentVersion(store, 'shop'))?.trainingEpoch).toBe(1);
    expect(await keysUnder(store, '_training/')).toEqual([
      '_training/shop/lease.json',
      '_training/shop/night-1/result.json',
    ]);
    // A state machine may start a run again after its end.
    const again = start();
    expect((await again.ended).code).toBe(0);
    expect(again.lines.at(-1)).toMatchObject({ message: 'run is over already', version: result.version });
  });

  it('writes how it goes as lines and as metrics of the model', async () => {
    const { store, start } = await place({ epochs: 2 });
    const run = start({ POWERTOOLS_SERVICE_NAME: 'stack-shop' });
    expect((await run.ended).code).toBe(0);
    const epochs = messages(run.lines, 'epoch ended');
    expect(epochs).toMatchObject([
      { epoch: 1, seconds: expect.any(Number), trainLosses: { click: expect.any(Number) } },
      { epoch: 2 },
    ]);
    const [checkpoint] = messages(run.lines, 'checkpoint written');
    const { seconds } = await resultOf(store, 'night-1');
    const values = run.metrics.map(({ _aws, service, model, ...rest }) => ({ service, model, rest }));
    for (const { service, model } of values)
      expect({ service, model }).toEqual({ service: 'stack-shop', model: 'shop' });
    expect(values.map(({ rest }) => rest)).toEqual([
      ...epochs.map(({ trainLoss, validationLoss }) => ({
        EpochLoss: trainLoss,
        ValidationLoss: validationLoss,
        RowsPerSecond: expect.any(Number),
      })),
      { CheckpointSeconds: checkpoint?.seconds },
      { RunRows: 30_000, RunSeconds: seconds, Promoted: 1 },
    ]);
    for (const [i, epoch] of epochs.entries())
      expect(Math.round(Number(run.metrics[i]?.RowsPerSecond))).toBe(epoch.rowsPerSecond);
    expect(run.metrics[0]?._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: 'entirespace',
        Dimensions: [['service', 'model']],
        Metrics: [
          { Name: 'EpochLoss', Unit: 'None' },
          { Name: 'ValidationLoss', Unit: 'None' },
          { Name: 'RowsPerSecond', Unit: 'Count/Second' },
        ],
      },
    ]);
  });

  it('takes the window from the day that it first began', async () => {
    const { store, start } = await place();
    await store.put('_training/shop/night-1/window.json', JSON.stringify({ until: UNTIL }));
    const run = start({ PARTITIONS_UNTIL: '' });
    expect((await run.ended).code).toBe(0);
    expect(messages(run.lines, 'data window')).toMatchObject([{ from: '2026-01-01', until: UNTIL }]);
  });

  it('passes over days without data where that is allowed', async () => {
    const { store, start } = await place();
    await store.delete('data/dt=2026-01-03/part.csv');
    const run = start({ MAX_MISSING_DAYS: '1' });
    expect((await run.ended).code).toBe(0);
    expect(messages(run.lines, 'data window')).toMatchObject([{ files: DAYS - 1, missingDays: ['2026-01-03'] }]);
  });
});

describe('an interrupted run', () => {
  let reference: string;

  beforeAll(async () => {
    const { store, start } = await place(SLOW);
    expect((await start().ended).code).toBe(0);
    reference = await modelBytes(store);
  }, 60_000);

  it('that is killed at any moment goes on to the same model, at most one checkpoint behind', {
    timeout: 120_000,
  }, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = randomStream(seed, 'kills');
    const { store, start } = await place(SLOW);
    const interval = { CHECKPOINT_MINUTES: '0.005' };
    let written = 0;
    let kills = 0;
    for (; kills < 3; kills++) {
      const run = start(interval);
      if (kills === 0) await run.line('checkpoint written');
      else await run.line('going on from a checkpoint');
      await delay(random.uniform(kills) * 700);
      run.child.kill('SIGKILL');
      await run.ended;
      const resumed = messages(run.lines, 'going on from a checkpoint')[0];
      if (kills > 0) expect(Number(resumed?.step), `seed ${seed}`).toBeGreaterThanOrEqual(written);
      written = Number(messages(run.lines, 'checkpoint written').at(-1)?.step ?? resumed?.step);
    }
    const last = start(interval);
    expect((await last.ended).code, `seed ${seed}`).toBe(0);
    expect(await modelBytes(store), `seed ${seed}`).toBe(reference);
    const { version } = await resultOf(store, 'night-1');
    const { training } = await readManifest(store, 'shop', version);
    // A process that is killed before its own first checkpoint leaves no trace.
    const steps = training.resumed?.map(({ step }) => step) ?? [];
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.length).toBeLessThanOrEqual(kills);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBeGreaterThanOrEqual(written);
    expect(await keysUnder(store, '_training/shop/checkpoints/')).toEqual([]);
  });

  it('keeps its state at SIGTERM, however long ago the last checkpoint was, and lets go of the lease', {
    timeout: 60_000,
  }, async () => {
    const { store, start } = await place(SLOW);
    const run = start();
    await run.line('began', { phase: 'train', epoch: 2 });
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(143);
    expect(messages(run.lines, 'checkpoint written')).toHaveLength(1);
    expect(run.lines.at(-1)).toMatchObject({
      level: 'ERROR',
      message: 'terminated: what was learnt is kept, the same run id goes on from it',
    });
    // Another run of the same declaration and data also goes on from its checkpoint.
    const other = start({ RUN_ID: 'night-2' });
    expect((await other.ended).code).toBe(0);
    expect(messages(other.lines, 'going on from a checkpoint')).toHaveLength(1);
    expect(await modelBytes(store)).toBe(reference);
  });

  it('begins anew where anything else than the interruption is different', { timeout: 60_000 }, async () => {
    const { store, start } = await place(SLOW);
    const run = start();
    await run.line('began', { phase: 'train' });
    run.child.kill('SIGTERM');
    await run.ended;
    const other = start({ SEED: '7', WINDOW_DAYS: '9' });
    await other.line('checkpoint not used');
    other.child.kill('SIGKILL');
    await other.ended;
    expect(messages(other.lines, 'checkpoint not used')).toMatchObject([
      {
        key: '_training/shop/checkpoints/00000001-00000001/checkpoint.json',
        why: 'it is of another data window, of another seed',
      },
    ]);
    expect((await keysUnder(store, '_training/shop/checkpoints/')).length).toBeGreaterThan(0);
  });

  it('is waited for by no other: the second one ends at once, and the first goes on', { timeout: 60_000 }, async () => {
    const { store, start, newScratch } = await place(SLOW);
    const first = start();
    await first.line('lease taken');
    const second = start({ RUN_ID: 'night-2', SCRATCH: await newScratch() });
    expect((await second.ended).code).toBe(9);
    expect(second.lines.at(-1)?.message).toMatch(
      /^model shop is being trained by run night-1, whose lease holds until 2\d{3}-.*Z unless it is renewed \(in file:.*\)$/,
    );
    expect((await first.ended).code).toBe(0);
    expect(await modelBytes(store)).toBe(reference);
  });
});
