import type { BatchHandler } from '../../queue/in-process-queue.ts';
import { parseShardMessage } from '../protocol/messages.ts';
import type { Logger, ScoreDependencies } from '../protocol/ports.ts';
import { scoreShard } from '../protocol/score.ts';
import { eachMessage } from './each-message.ts';

/** Handles messages of the shards queue: scores each shard, and finishes the file with its last. */
export function scoreShardHandler(dependencies: ScoreDependencies & { readonly log: Logger }): BatchHandler {
  return eachMessage(dependencies.log, 'shard', async (body) => scoreShard(dependencies, parseShardMessage(body)));
}
