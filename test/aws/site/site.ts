/** A bucket with a trained model, its queues, and candidate files whose scores are known. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Declaration } from '../../../lib/config/declaration.ts';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { sqsClient } from '../../../lib/queue/sqs-client.ts';
import { sqsQueue } from '../../../lib/queue/sqs-queue.ts';
import { promoteVersion } from '../../../lib/registry/current.ts';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { scoreLocal } from '../../../lib/scoring/local/local.ts';
import { arrivalBody } from '../../../lib/scoring/protocol/events.ts';
import { type FileVersion, fileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { candidateFiles } from '../../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { memoryStore } from '../../../lib/store/memory-store.ts';
import { s3Store } from '../../../lib/store/s3/s3-store.ts';
import type { Store } from '../../../lib/store/store.ts';
import { type TrainedModel, train } from '../../../lib/training/train.ts';
import { publishTrained } from '../../../training/publish-trained.ts';
import { countMessages, makeBucketAt, makeQueueAt, type QueueSettings, type QueueUrls } from '../emulator/make.ts';
import { DECLARATION, logCsv } from './small-model.ts';

export const MODEL = 'small';

/** A model in a local folder. */
export interface Trained {
  readonly declaration: Declaration;
  readonly model: TrainedModel;
}

export interface Queues {
  readonly arrivals: QueueUrls;
  readonly shards: QueueUrls;
}

export interface Site {
  readonly endpoint: string;
  readonly bucket: string;
  /** The bucket, reached without faults. */
  readonly store: Store;
  /** Publishes a version, makes it current and returns its id. */
  publish(trained: Trained): Promise<string>;
  makeQueues(settings?: QueueSettings): Promise<Queues>;
  /** Stores a version of a candidate file that is newer than all before it, without an event. */
  put(key: string, body: Uint8Array | string): Promise<FileVersion>;
  /** Sends the event of each of the versions, in that order. */
  announce(queues: Queues, files: readonly FileVersion[]): Promise<void>;
  /** Resolves when the queues hold nothing any more, whether visible or in flight; dead letters do not count. */
  untilIdle(queues: readonly Queues[], withinMs?: number): Promise<void>;
}

/** Trains a small model in an empty folder; more epochs make another one. */
export async function trainSmall(folder: string, epochs: number): Promise<Trained> {
  const text = `${DECLARATION}training: { epochs: ${epochs} }\n`;
  const dataPath = join(folder, 'log.csv');
  await writeFile(dataPath, logCsv(2_000));
  const declaration = parseDeclaration(text, 'entirespace.yaml');
  const scratch = join(folder, 'run');
  await mkdir(scratch);
  const options = { declaration, declarationText: text, dataPath, scratch, threads: 1, memoryLimitMiB: 512 };
  return { declaration, model: await train(options) };
}

/** A new, empty bucket at an emulator. */
export async function openSite(endpoint: string): Promise<Site> {
  const bucket = await makeBucketAt(endpoint);
  const store = s3Store({ bucket, endpoint });
  const client = sqsClient({ endpoint });
  let versions = 0;
  let published = 0;
  return {
    endpoint,
    bucket,
    store,
    publish(trained) {
      published += 1;
      return publishAt(store, trained, published);
    },
    async makeQueues(settings) {
      const [arrivals, shards] = await Promise.all([makeQueueAt(endpoint, settings), makeQueueAt(endpoint, settings)]);
      return { arrivals, shards };
    },
    async put(key, body) {
      const { versionId } = await store.put(key, body);
      versions += 1;
      const sequencer = versions.toString(16).toUpperCase().padStart(18, '0');
      return fileVersion({ bucket, key, versionId, sequencer, eventTime: new Date().toISOString(), attempt: 1 });
    },
    announce: ({ arrivals }, files) => sqsQueue(client, arrivals.queueUrl).send(files.map(arrivalBody)),
    async untilIdle(queues, withinMs = 120_000) {
      const urls = queues.flatMap(({ arrivals, shards }) => [arrivals.queueUrl, shards.queueUrl]);
      for (const end = Date.now() + withinMs; ; await delay(100)) {
        const counts = [];
        for (const url of urls) counts.push(await countMessages(endpoint, url));
        if (counts.every((count) => count === 0)) return;
        if (Date.now() > end) throw new Error(`queues still hold ${counts.join(', ')} messages after ${withinMs} ms`);
      }
    },
  };
}

/** The expected result of scoring a candidate file. */
export interface CleanScores {
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  /** SHA-256 of each part, hex, in the order of the shards. */
  readonly sha256: readonly string[];
}

/** The scores of a candidate file without faults: made in this process, over a store in memory. */
export async function scoreCleanly(
  trained: Trained,
  { key, body, shardRows, scratch }: { key: string; body: Uint8Array | string; shardRows: number; scratch: string },
): Promise<CleanScores> {
  const store = memoryStore();
  await publishAt(store, trained, 1);
  await store.put(key, body);
  const models = new ModelLoader(store, {
    scratch: await mkdtemp(join(scratch, 'clean-')),
    threads: 1,
    memoryLimitMiB: 256,
  });
  try {
    const [result] = await scoreLocal({
      store,
      models: registryModels(store, MODEL),
      files: candidateFiles({ store, models, scratch, shardRows }),
      handlers: { planShards: planShardsHandler, scoreShard: scoreShardHandler },
      scratch,
      newWriterId: randomUUID,
    });
    if (result?.status !== 'succeeded') throw new Error(`${key} has no clean scores: ${JSON.stringify(result)}`);
    const { rowsIn, scored, rejected, parts } = result.manifest;
    return { rowsIn, scored, rejected, sha256: parts.map(({ sha256 }) => sha256) };
  } finally {
    await models.release();
  }
}

// Versions are named by their second.
async function publishAt(store: Store, { declaration, model }: Trained, second: number): Promise<string> {
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, second));
  const version = await publishTrained(store, declaration, model, { threads: 1, at });
  await promoteVersion(store, MODEL, version, { reason: 'test', at });
  return version;
}
