import { expect, it } from 'vitest';
import { planKey } from '../../../lib/contract/bucket.ts';
import { plannedVersions } from '../../../lib/scoring/protocol/planned-versions.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import { runToPlan, runWhole } from '../world/steps.ts';
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
