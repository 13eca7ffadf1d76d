import { Duration } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { LAMBDA_ENTRIES } from '../../scripts/bundle-functions.ts';
import { attempt, defaultTemplate, makeTemplate, readable, resourcesOf } from './fixture.ts';

const template = defaultTemplate();
const functions = resourcesOf(template, 'AWS::Lambda::Function');

/** Memory, scratch disk, seconds. */
function sizes({ Properties }: { readonly Properties: Readonly<Record<string, unknown>> }): number[] {
  const { Size } = Properties.EphemeralStorage as { Size: number };
  return [Properties.MemorySize as number, Size, Properties.Timeout as number];
}

describe('the functions', () => {
  it('are three, of the newest Node.js, on x86_64', () => {
    expect(Object.keys(functions).sort()).toEqual(['PlanShardsFunction', 'ReconcileFunction', 'ScoreShardFunction']);
    for (const { Properties } of Object.values(functions))
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['x86_64'] });
  });

  it('have the memory, disk and time of the protocol', () => {
    expect(Object.fromEntries(Object.entries(functions).map(([name, lambda]) => [name, sizes(lambda)]))).toEqual({
      PlanShardsFunction: [3008, 4096, 300],
      ScoreShardFunction: [3008, 4096, 300],
      ReconcileFunction: [256, 512, 300],
    });
  });

  it('end well before their messages are seen again', () => {
    for (const [queue, lambda] of [
      ['Arrivals', 'PlanShardsFunction'],
      ['Shards', 'ScoreShardFunction'],
    ] as const) {
      const visibility = resourcesOf(template, 'AWS::SQS::Queue')[queue]?.Properties.VisibilityTimeout;
      expect(visibility).toBeGreaterThanOrEqual(6 * Number(functions[lambda]?.Properties.Timeout));
    }
    expect(attempt({ timeout: Duration.minutes(6) })).toThrow(
      'timeout must be 120 to 300 s, a sixth of the time for which a message is invisible, got 360 s',
    );
    expect(attempt({ timeout: Duration.seconds(30) })).toThrow('timeout must be 120 to 300 s');
  });

  it('start a file that the asset has', () => {
    for (const { Properties } of Object.values(functions)) {
      const [file = '', name] = String(Properties.Handler).split('.');
      expect(Object.keys(LAMBDA_ENTRIES)).toContain(file);
      expect(name).toBe('handler');
    }
  });

  it('know the bucket, the model and the queues', () => {
    for (const { Properties } of Object.values(functions)) {
      const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
      expect(Object.fromEntries(Object.entries(Variables).map(([name, value]) => [name, readable(value)]))).toEqual({
        BUCKET: 's3://Bucket',
        MODEL_NAME: 'shop',
        POWERTOOLS_SERVICE_NAME: 'shop-shop',
        ARRIVALS_URL: 'Arrivals',
        ARRIVALS_DEAD_URL: 'ArrivalsDead',
        SHARDS_URL: 'Shards',
        SHARDS_DEAD_URL: 'ShardsDead',
        // 3,008 MiB at 16.6667 millionths of a USD for a GB, and 3.5 GB of disk at 0.0309.
        EVENT_BUS: 'default',
        USD_PER_SECOND: expect.stringMatching(/^0\.0000490665812/),
        PRICES: 'list prices of Lambda, us-east-1, 2026-11',
        RESEND_AFTER_SECONDS: '2700',
      });
    }
  });

  it('write to log groups that end', () => {
    const groups = resourcesOf(template, 'AWS::Logs::LogGroup');
    expect(Object.keys(groups).sort()).toEqual(['PlanShardsLogs', 'ReconcileLogs', 'ScoreShardLogs']);
    for (const { Properties } of Object.values(groups)) expect(Properties.RetentionInDays).toBe(30);
    for (const [name, { Properties }] of Object.entries(functions)) {
      const { LogGroup } = Properties.LoggingConfig as { LogGroup: unknown };
      expect(readable(LogGroup)).toBe(name.replace('Function', 'Logs'));
    }
  });

  it('share no reserved concurrency', () => {
    for (const { Properties } of Object.values(functions))
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('can be of another size and processor', () => {
    const other = makeTemplate({ architecture: Architecture.ARM_64, memoryMiB: 7076, scratchMiB: 10_240 });
    const { ScoreShardFunction } = resourcesOf(other, 'AWS::Lambda::Function');
    expect(ScoreShardFunction?.Properties.Architectures).toEqual(['arm64']);
    expect(ScoreShardFunction && sizes(ScoreShardFunction)).toEqual([7076, 10_240, 300]);
  });

  it('fail to be made without their asset or a model', () => {
    expect(attempt({ assetFolder: '/nowhere/lambda-x64' })).toThrow(
      'lambda asset /nowhere/lambda-x64 does not exist: run npx entirespace build-lambda --arch x64',
    );
    expect(attempt({ modelName: undefined as unknown as string })).toThrow(
      'modelName is missing: the scoring part plans with one model',
    );
  });
});

describe('the queues drive them', () => {
  const sources = Object.values(resourcesOf(template, 'AWS::Lambda::EventSourceMapping')).map(({ Properties }) => ({
    queue: readable(Properties.EventSourceArn),
    lambda: readable(Properties.FunctionName),
    batch: Properties.BatchSize,
    concurrency: (Properties.ScalingConfig as Record<string, number>).MaximumConcurrency,
    answers: Properties.FunctionResponseTypes,
  }));

  it('ten arrivals or one shard at a time, each message with an answer of its own', () => {
    const answers = ['ReportBatchItemFailures'];
    expect(sources).toEqual([
      { queue: 'Arrivals', lambda: 'PlanShardsFunction', batch: 10, concurrency: 10, answers },
      { queue: 'Shards', lambda: 'ScoreShardFunction', batch: 1, concurrency: 10, answers },
    ]);
  });

  it('and a clock drives reconcile', () => {
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(15 minutes)', State: 'ENABLED' });
  });
});
