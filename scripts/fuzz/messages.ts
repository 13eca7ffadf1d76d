/** Damaged messages of both queues, handled as the functions handle them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SQSEvent } from 'aws-lambda';
import { inProcessQueue } from '../../lib/queue/in-process-queue.ts';
import { planShardsHandler } from '../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../lib/scoring/handlers/score-shard.ts';
import { arrivalBody } from '../../lib/scoring/protocol/events.ts';
import { shardMessageBody } from '../../lib/scoring/protocol/messages.ts';
import { candidateFiles } from '../../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../../lib/scoring/rows/models.ts';
import { registryModels } from '../../lib/scoring/rows/registry-models.ts';
import { openStore } from '../../lib/store/open-store.ts';
import { damage } from './damage.ts';
import { candidates, csv } from './tables.ts';
import { Violation, type World } from './world.ts';

/** Sends an arrival or a shard's message whose body is damaged. It may fail, in one plain sentence. */
export async function sendDamaged(world: World): Promise<void> {
  const { random, folder } = world;
  const store = openStore(join(folder, 'bucket'));
  const scratch = join(folder, 'tmp');
  const loader = new ModelLoader(store, { scratch, threads: 1, memoryLimitMiB: 512 });
  const errors: string[] = [];
  const log = {
    info: () => undefined,
    error: (_: string, { error }: Readonly<Record<string, unknown>>) => void errors.push(String(error)),
  };
  const key = 'candidates/few.csv';
  const dialect = { delimiter: ',', quoting: 'needed', escape: '"', newline: '\n', missing: '' } as const;
  await writeFile(
    join(folder, 'few.csv'),
    csv(candidates(random, 5), { ...dialect, hasMark: false, isGzip: false, endsWithNewline: true }),
  );
  await store.putFile(key, join(folder, 'few.csv'));
  const head = await store.head(key);
  const files = candidateFiles({ store, models: loader, scratch });
  const shards = inProcessQueue('shards');
  const shared = { store, newWriterId: () => 'fuzz', now: () => new Date(), files, log, scratch };
  const plan = planShardsHandler({ ...shared, shards, models: registryModels(store, 'shop'), inOneGo: null });
  const arrival = {
    bucket: 'b',
    key,
    versionId: head?.versionId ?? '',
    sequencer: '00',
    eventTime: new Date().toISOString(),
    attempt: 1,
  };
  const isArrival = random.chance(0.6);
  const handler = isArrival ? plan : scoreShardHandler(shared);
  const body = isArrival ? arrivalBody(arrival) : shardMessageBody({ source: '0123456789abcdef', shard: 0 });
  const damaged = damage(Buffer.from(body), random);
  world.note(`${body}: ${damaged.done}`);
  try {
    const { batchItemFailures } = await handler(eventOf(damaged.bytes.toString()));
    const unplain = errors.find((text) => !/^(MessageError|ScoringError|CandidateFileError): /.test(text));
    if (unplain) throw new Violation(`the log has ${unplain}`);
    if (batchItemFailures.length !== errors.length)
      throw new Violation(`${batchItemFailures.length} failures, ${errors.length} errors`);
  } finally {
    await loader.release();
  }
}

function eventOf(body: string): SQSEvent {
  const attributes = {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 'x',
    ApproximateFirstReceiveTimestamp: '0',
  };
  const source = { eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:::arrivals', awsRegion: 'us-east-1' };
  return {
    Records: [
      { messageId: '1', receiptHandle: '1', body, attributes, messageAttributes: {}, md5OfBody: '', ...source },
    ],
  };
}
