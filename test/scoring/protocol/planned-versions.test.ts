import { expect, it } from 'vitest';
import { planKey } from '../../../lib/contract/bucket.ts';
import { plannedVersions } from '../../../lib/scoring/protocol/planned-versions.ts';
import { redriveFile } from '../../../lib/scoring/protocol/redrive.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import { directTools, runToPlan, runWhole } from '../world/steps.ts';
import { MODEL, putCandidate, SHARD } from '../world/world.ts';

const { name, version } = MODEL;

it('the version of a plan is needed until the file has an outcome', async () => {
  const store = memoryStore();
  expect(await plannedVersions(store, name)).toEqual(new Set());
  await runWhole(store, await putCandidate(store, 1), SHARD);
  expect(await plannedVersions(store, name)).toEqual(new Set());
  const file = await putCandidate(store, 2, 'candidates/later.parquet');
  await runToPlan(store, file, SHARD);
  expect(await plannedVersions(store, name)).toEqual(new Set([version]));
  expect(await plannedVersions(store, 'other')).toEqual(new Set());
  await store.put(planKey(file.source), '{}x');
  expect(await plannedVersions(store, name)).toEqual(new Set());
});

it('the version of a file that was reopened is needed again', async () => {
  const store = memoryStore();
  const file = await putCandidate(store, 1);
  await runWhole(store, file, [{ scored: 1, rejected: 9 }]);
  expect(await plannedVersions(store, name)).toEqual(new Set());
  await redriveFile({ ...directTools(store), arrivals: directTools(store).shards }, file.source);
  expect(await plannedVersions(store, name)).toEqual(new Set([version]));
});

it('nothing is read of files that have ended', async () => {
  const store = memoryStore();
  for (let time = 1; time <= 3; time += 1)
    await runWhole(store, await putCandidate(store, time, `candidates/${time}.csv`), SHARD);
  const get: typeof store.get = (key) => Promise.reject(new Error(`${key} is not to be read`));
  expect(await plannedVersions({ ...store, get }, name)).toEqual(new Set());
});
