/** What local mode does to the store, and a part of what `npm run test:proof` does with faults in its calls. */
import { expect, it } from 'vitest';
import {
  changesOf,
  describeFaults,
  describeRandomFaults,
  IN_ONE_GO,
  RANKED_IN_ONE_GO,
  RANKED_SHARDS,
  SHARD_BY_SHARD,
} from '../world/crashes.ts';

it('changes the store in the order of the protocol, shard by shard', async () => {
  expect(await changesOf(SHARD_BY_SHARD)).toEqual([
    'put _work/<hash>/plan.json',
    'putFile rejects/day=1/today.parquet/part-<hash>-00000.parquet',
    'putFile _work/<hash>/parts/00000.parquet',
    'put _work/<hash>/receipts/00000.json',
    'putFile _work/<hash>/parts/00001.parquet',
    'put _work/<hash>/receipts/00001.json',
    'put _work/<hash>/outcome.json',
    'put _state/<hash>.json',
    'delete scores/day=1/today.parquet/_SUCCESS',
    'copy scores/day=1/today.parquet/part-<hash>-00000.parquet',
    'copy scores/day=1/today.parquet/part-<hash>-00001.parquet',
    'put scores/day=1/today.parquet/_manifest.json',
    'delete scores/day=1/today.parquet/part-<hash>-00000.parquet',
    'put scores/day=1/today.parquet/_SUCCESS',
  ]);
});

it('changes the store in the order of the protocol, with ranks', async () => {
  const changes = await changesOf(RANKED_SHARDS);
  expect(changes.slice(0, 9)).toEqual([
    'put _work/<hash>/plan.json',
    'putFile rejects/day=1/today.parquet/part-<hash>-00000.parquet',
    'putFile _work/<hash>/parts/00000.parquet',
    'put _work/<hash>/receipts/00000.json',
    'putFile _work/<hash>/parts/00001.parquet',
    'put _work/<hash>/receipts/00001.json',
    'putFile _work/<hash>/ranked/00000.parquet',
    'putFile _work/<hash>/ranked/00001.parquet',
    'put _work/<hash>/outcome.json',
  ]);
  expect(changes.slice(9)).toEqual((await changesOf(SHARD_BY_SHARD)).slice(7));
});

it('changes the store in the order of the protocol, in one go', async () => {
  expect(await changesOf(IN_ONE_GO)).toEqual([
    'put _work/<hash>/plan.json',
    'putFile rejects/day=1/today.parquet/part-<hash>-00000.parquet',
    'putFile _work/<hash>/parts/00000.parquet',
    'put _work/<hash>/outcome.json',
    'put _state/<hash>.json',
    'delete scores/day=1/today.parquet/_SUCCESS',
    'copy scores/day=1/today.parquet/part-<hash>-00000.parquet',
    'put scores/day=1/today.parquet/_manifest.json',
    'delete scores/day=1/today.parquet/part-<hash>-00000.parquet',
    'put scores/day=1/today.parquet/_SUCCESS',
  ]);
});

describeFaults([SHARD_BY_SHARD, RANKED_IN_ONE_GO]);
describeRandomFaults([SHARD_BY_SHARD, IN_ONE_GO, RANKED_SHARDS, RANKED_IN_ONE_GO], [0, 1, 2, 3]);
