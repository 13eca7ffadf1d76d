/** The faults in calls on the store that the tests of the protocol leave out. */
import {
  describeFaults,
  describeRandomFaults,
  IN_ONE_GO,
  RANKED_IN_ONE_GO,
  RANKED_SHARDS,
  SHARD_BY_SHARD,
} from '../../scoring/world/crashes.ts';

describeFaults([IN_ONE_GO, RANKED_SHARDS]);
describeRandomFaults(
  [SHARD_BY_SHARD, IN_ONE_GO, RANKED_SHARDS, RANKED_IN_ONE_GO],
  Array.from({ length: 16 }, (_, index) => 4 + index),
);
