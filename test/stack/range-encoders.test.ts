/** `encoders`: functions that encode the rows of an export, and the queue by which they get them. */
import { Validations } from 'aws-cdk-lib';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { propsFromContext } from '../../lib/stack/context.ts';
import { idleCost } from '../../lib/stack/prices.ts';
import { LAMBDA_ENTRIES } from '../../scripts/bundle-functions.ts';
import { runSettings } from '../../training/run/environment.ts';
import { attempt, makeBoth, onlyResource, readable, resourcesOf } from './fixture.ts';

const props = {
  parts: ['data', 'training'] as const,
  trainer: 'gpu' as const,
  image: ContainerImage.fromRegistry('example.com/entirespace/training:1'),
  gpuImage: ContainerImage.fromRegistry('example.com/entirespace/training-gpu:1'),
};
const { app, template } = makeBoth({ ...props, encoders: 20 });
const without = makeBoth(props).template;

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

function lines(statements: readonly Statement[]): string[] {
  return statements.flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} ${readable(resource)}`)),
  );
}

/** Rights of the task that exports. */
function taskLines(of: typeof template): string[] {
  const [policy] = Object.entries(of.findResources('AWS::IAM::Policy')).filter(([id]) => id.includes('TaskRole'));
  return lines(policy?.[1].Properties.PolicyDocument.Statement);
}

describe('functions that encode rows', () => {
  it('are nothing that cdk-nag finds fault with, and cost the looks into their queue between two runs', () => {
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
    const acknowledged = app.node
      .findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>));
    for (const [id, reason] of acknowledged) expect(reason.length, id).toBeGreaterThan(40);
    const idle = idleCost(template.toJSON() as Parameters<typeof idleCost>[0]);
    expect(idle).toEqual([{ what: 'polling of the queues', perMonth: expect.closeTo(0.26, 2) }]);
  });

  it('take one message at a time, as many of them as are asked for', () => {
    expect(onlyResource(template, 'AWS::Lambda::EventSourceMapping').Properties).toMatchObject({
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 20 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    const { Handler, Timeout, MemorySize, EphemeralStorage } = onlyResource(
      template,
      'AWS::Lambda::Function',
    ).Properties;
    expect(Object.keys(LAMBDA_ENTRIES)).toContain(String(Handler).replace('.handler', ''));
    expect({ Timeout, MemorySize, EphemeralStorage }).toEqual({
      Timeout: 300,
      MemorySize: 3008,
      EphemeralStorage: { Size: 4096 },
    });
    const queues = resourcesOf(template, 'AWS::SQS::Queue');
    const [name = ''] = Object.keys(queues).filter((id) => id.endsWith('Ranges'));
    expect(queues[name]?.Properties).toMatchObject({ VisibilityTimeout: 1800, RedrivePolicy: { maxReceiveCount: 5 } });
  });

  it('may touch bundles and their queue, and nothing else', () => {
    const roles = resourcesOf(template, 'AWS::IAM::Role');
    const [name = ''] = Object.keys(roles).filter((id) => id.endsWith('EncodeRangeRole'));
    const policies = roles[name]?.Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[] | undefined;
    const all = lines(policies?.[0]?.PolicyDocument.Statement ?? []).map((line) =>
      line.replace(/ \S*(Ranges|Logs)$/, ' $1'),
    );
    expect(all).toEqual([
      's3:ListBucket Bucket',
      's3:ListBucketVersions Bucket',
      's3:GetObject Bucket/_bundles/*',
      's3:GetObjectVersion Bucket/_bundles/*',
      's3:PutObject Bucket/_bundles/*',
      's3:AbortMultipartUpload Bucket/_bundles/*',
      'sqs:ReceiveMessage Ranges',
      'sqs:DeleteMessage Ranges',
      'sqs:ChangeMessageVisibility Ranges',
      'sqs:GetQueueAttributes Ranges',
      'logs:CreateLogStream Logs',
      'logs:PutLogEvents Logs',
    ]);
  });

  it('give the task the right to ask them, and to hear which ranges they gave up', () => {
    const added = taskLines(template).filter((line) => !taskLines(without).includes(line));
    expect(added.map((line) => line.replace(/ \S*(Ranges(Dead)?)$/, ' $1'))).toEqual([
      'sqs:SendMessage Ranges',
      'sqs:ReceiveMessage RangesDead',
      'sqs:DeleteMessage RangesDead',
    ]);
    const task = onlyResource(template, 'AWS::ECS::TaskDefinition').Properties as {
      ContainerDefinitions: { Environment: { Name: string; Value: unknown }[] }[];
    };
    const variables = Object.fromEntries(
      task.ContainerDefinitions[0]?.Environment.map(({ Name, Value }) => [Name, readable(Value)]) ?? [],
    );
    const { ranges } = runSettings({ ...variables, BUCKET: 's3://bucket', RUN_ID: 'x' });
    expect(ranges?.url).toMatch(/Ranges$/);
    expect(ranges?.deadUrl).toMatch(/RangesDead$/);
  });

  it('are not there unless they are asked for', () => {
    without.resourceCountIs('AWS::Lambda::Function', 0);
    expect(Object.keys(resourcesOf(without, 'AWS::SQS::Queue'))).toHaveLength(4);
  });

  it('are chosen by -c encoders, for a training on a GPU', () => {
    const context: Record<string, string> = { model: 'shop', trainer: 'gpu', encoders: '20' };
    expect(propsFromContext((name) => context[name])).toMatchObject({ encoders: 20 });
    expect(attempt({ ...props, encoders: 1 })).toThrow('encoders must be 0, or 2 to 1000, got 1');
    expect(attempt({ ...props, trainer: 'cpu', encoders: 20 })).toThrow(
      'encoders must be 0 where trainer is cpu, got 20: only an export has rows for them',
    );
  });
});
