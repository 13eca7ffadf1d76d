import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { planShardsHandler } from '../../../lib/scoring/handlers/plan-shards.ts';
import { scoreShardHandler } from '../../../lib/scoring/handlers/score-shard.ts';
import { arrivalBody } from '../../../lib/scoring/protocol/events.ts';
import type { Logger } from '../../../lib/scoring/protocol/ports.ts';
import { checkWhole } from '../world/invariants.ts';
import { directTools } from '../world/steps.ts';
import { fakeFiles, KEY, MODEL, memoryStore, putCandidate, scratch, TWO_SHARDS } from '../world/world.ts';

interface Line {
  readonly level: 'info' | 'error';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

describe('the handlers', () => {
  it('plan arrivals and score shards, and log one line for each message', async () => {
    const { store, tools, lines, log } = world();
    const file = await putCandidate(store, 1);
    const models = { current: async () => MODEL };
    const planShards = planShardsHandler({ ...tools, models, files: fakeFiles(TWO_SHARDS), inOneGo: null, log });
    expect(await planShards(eventOf([arrivalBody(file)]))).toEqual({ batchItemFailures: [] });

    const scoreShard = scoreShardHandler({ ...tools, files: fakeFiles(TWO_SHARDS), scratch, log });
    expect(await scoreShard(eventOf(tools.shards.bodies))).toEqual({ batchItemFailures: [] });
    checkWhole(store, file, TWO_SHARDS);
    const { source } = file;
    expect(lines).toMatchObject([
      {
        level: 'info',
        message: 'arrival handled',
        details: { messageId: 'm0', files: [{ status: 'planned', key: KEY, source, rows: 20, shards: 2, sent: 2 }] },
      },
      {
        level: 'info',
        message: 'shard handled',
        details: { messageId: 'm0', status: 'open', shard: 0, done: 1, shards: 2 },
      },
      {
        level: 'info',
        message: 'shard handled',
        details: { messageId: 'm1', status: 'succeeded', rowsIn: 20, scored: 18 },
      },
    ]);
  });

  it('report the messages that fail, and handle the others', async () => {
    const { store, tools, lines, log } = world();
    const file = await putCandidate(store, 1);
    const models = { current: async () => MODEL };
    const planShards = planShardsHandler({ ...tools, models, files: fakeFiles(TWO_SHARDS), inOneGo: null, log });
    const noVersion = arrivalBody({ ...file, versionId: '' });
    expect(await planShards(eventOf(['{', arrivalBody(file), noVersion, '{"Event":"s3:TestEvent"}']))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }],
    });
    expect(lines.map(({ level, details }) => [level, details.messageId])).toEqual([
      ['error', 'm0'],
      ['info', 'm1'],
      ['error', 'm2'],
      ['info', 'm3'],
    ]);
    expect(lines[2]?.details.error).toMatchObject({
      message: `event of ${KEY} has no versionId: enable versioning (on bucket bucket)`,
    });

    const scoreShard = scoreShardHandler({ ...tools, files: fakeFiles(TWO_SHARDS), scratch, log });
    expect(await scoreShard(eventOf(['{}', ...tools.shards.bodies]))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }],
    });
    checkWhole(store, file, TWO_SHARDS);
  });
});

it('a batch of which every message fails is reported, and no error of the function', async () => {
  const { tools, log } = world();
  const scoreShard = scoreShardHandler({ ...tools, files: fakeFiles(TWO_SHARDS), scratch, log });
  expect(await scoreShard(eventOf(['{}', 'text']))).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm1' }],
  });
});

function world() {
  const store = memoryStore();
  const lines: Line[] = [];
  const log: Logger = {
    info: (message, details) => lines.push({ level: 'info', message, details }),
    error: (message, details) => lines.push({ level: 'error', message, details }),
  };
  return { store, tools: directTools(store), lines, log };
}

function eventOf(bodies: readonly string[]) {
  const attributes = {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 'AIDAEXAMPLE',
    ApproximateFirstReceiveTimestamp: '0',
  };
  const Records = bodies.map(
    (body, index): SQSRecord => ({
      messageId: `m${index}`,
      receiptHandle: 'handle',
      body,
      attributes,
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:arrivals',
      awsRegion: 'eu-central-1',
    }),
  );
  return { Records };
}
