/** The process that encodes shards for another one, with a database of its own. */
import type { DatabaseOptions } from '../table/database.ts';
import { serveProcess } from '../workers/serve-process.ts';
import {
  type EncodedShard,
  type EncodeJob,
  openShardEncoder,
  type Shard,
  type ShardEncoder,
  type ShardPlace,
} from './shard-encoder.ts';

/** A request to the process. All of them have the same job. */
export interface EncodeRequest {
  readonly job: EncodeJob;
  readonly encoderFolder: string;
  readonly database: DatabaseOptions;
  readonly shard: Shard;
  readonly place: ShardPlace;
}

let encoder: Promise<ShardEncoder> | null = null;

serveProcess<EncodeRequest, EncodedShard>(async ({ job, encoderFolder, database, shard, place }, onProgress) => {
  encoder ??= openShardEncoder(job, encoderFolder, database);
  return (await encoder).encode(shard, place, onProgress);
});
