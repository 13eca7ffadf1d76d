/** `trainer: 'gpu'`: two steps on Fargate, and between them a job of AWS Batch. */
import { Validations } from 'aws-cdk-lib';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { RUN_EXIT_CODES } from '../../lib/contract/exit-codes.ts';
import { propsFromContext } from '../../lib/stack/context.ts';
import { idleCost } from '../../lib/stack/prices.ts';
import { trainingDefinition } from '../../lib/stack/training/training-definition.ts';
import { runSettings } from '../../training/run/environment.ts';
import { attempt, makeBoth, onlyResource, readable } from './fixture.ts';

const props = {
  parts: ['data', 'training'] as const,
  trainer: 'gpu' as const,
  image: ContainerImage.fromRegistry('example.com/entirespace/training:1'),
  gpuImage: ContainerImage.fromRegistry('example.com/entirespace/training-gpu:1'),
};
const { app, template } = makeBoth(props);

describe('training on a GPU', () => {
  it('is nothing that cdk-nag finds fault with', () => {
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
    const acknowledged = app.node
      .findAll()
      .flatMap(({ node }) => node.metadata)
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>));
    for (const [id, reason] of acknowledged) expect(reason.length, id).toBeGreaterThan(40);
  });

  it('costs nothing between two runs: no instance is kept, nothing is paid by the hour', () => {
    expect(idleCost(template.toJSON() as Parameters<typeof idleCost>[0])).toEqual([]);
    for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::EIP', 'AWS::ECS::Service', 'AWS::EC2::Instance'])
      template.resourceCountIs(type, 0);
    const environments = Object.values(template.findResources('AWS::Batch::ComputeEnvironment'));
    expect(environments.map(({ Properties }) => Properties.ComputeResources)).toMatchObject(
      ['SPOT', 'EC2'].map((Type) => ({
        Type,
        MinvCpus: 0,
        InstanceTypes: ['g6.2xlarge', 'g5.2xlarge'],
        Ec2Configuration: [{ ImageType: 'ECS_AL2023_NVIDIA' }],
      })),
    );
  });

  it('gives up waiting for an instance, of whatever kind', () => {
    const queues = Object.values(template.findResources('AWS::Batch::JobQueue'));
    const limits = queues.map(({ Properties }) =>
      (Properties.JobStateTimeLimitActions as { Action: string; MaxTimeSeconds: number }[]).map(
        ({ Action, MaxTimeSeconds }) => `${Action} ${MaxTimeSeconds}`,
      ),
    );
    expect(limits).toEqual([Array(3).fill('CANCEL 900'), Array(3).fill('CANCEL 3600')]);
  });

  it('encrypts the disk of an instance, and asks for tokens of those who read its metadata', () => {
    const { LaunchTemplateData } = onlyResource(template, 'AWS::EC2::LaunchTemplate').Properties;
    expect(LaunchTemplateData).toMatchObject({
      MetadataOptions: { HttpTokens: 'required' },
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeSize: 100 } }],
    });
  });

  it('runs a job once, with a read-only root and settings that the container understands', () => {
    const { ContainerProperties, RetryStrategy } = onlyResource(template, 'AWS::Batch::JobDefinition').Properties as {
      ContainerProperties: { Environment: { Name: string; Value: unknown }[] };
      RetryStrategy: unknown;
    };
    expect(RetryStrategy).toEqual({ Attempts: 1 });
    expect(ContainerProperties).toMatchObject({
      Image: 'example.com/entirespace/training-gpu:1',
      ReadonlyRootFilesystem: true,
      ResourceRequirements: [
        { Type: 'MEMORY', Value: '28672' },
        { Type: 'VCPU', Value: '4' },
        { Type: 'GPU', Value: '1' },
      ],
      MountPoints: [{ ContainerPath: '/scratch', SourceVolume: 'scratch' }],
    });
    const variables = Object.fromEntries(ContainerProperties.Environment.map(({ Name, Value }) => [Name, Value]));
    expect(variables.AWS_REGION).toEqual({ Ref: 'AWS::Region' });
    expect(runSettings({ ...variables, BUCKET: 's3://bucket', RUN_ID: 'x' })).toMatchObject({
      modelName: 'shop',
      step: 'train',
      checkpointMinutes: 10,
      trainer: { processes: 1, precision: 'float32' },
      scratch: '/scratch',
      instanceMetadata: 'http://169.254.169.254',
    });
  });

  it('lets the job touch its bundle and the lease, and nothing else', () => {
    const [policy] = Object.entries(template.findResources('AWS::IAM::Policy'))
      .filter(([id]) => id.includes('GpuJobRole'))
      .map(([, { Properties }]) => Properties.PolicyDocument.Statement as { Action: string[]; Resource: unknown }[]);
    const lines = policy?.flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} ${readable(resource)}`)),
    );
    expect(lines).toEqual([
      's3:ListBucket Bucket',
      's3:ListBucketVersions Bucket',
      ...['s3:GetObject', 's3:GetObjectVersion'].flatMap((action) =>
        ['_bundles', 'models', '_training'].map((prefix) => `${action} Bucket/${prefix}/*`),
      ),
      ...['s3:PutObject', 's3:AbortMultipartUpload'].flatMap((action) =>
        ['_bundles', '_training'].map((prefix) => `${action} Bucket/${prefix}/*`),
      ),
      's3:DeleteObject Bucket/_bundles/*',
    ]);
  });

  it('does not begin with the weights of the version in use, and says so', () => {
    expect(attempt({ ...props, warmStart: true })).toThrow(
      'warmStart must be false with trainer gpu, got true: a bundle begins with fresh weights',
    );
  });

  it('is chosen by -c trainer=gpu', () => {
    const context: Record<string, string> = { model: 'shop', trainer: 'gpu', gpuInstances: 'p5.4xlarge', gpus: '1' };
    expect(propsFromContext((name) => context[name])).toEqual({
      stackName: 'entirespace',
      modelName: 'shop',
      trainer: 'gpu',
      gpuInstances: ['p5.4xlarge'],
      gpus: 1,
    });
    expect(() => propsFromContext((name) => ({ model: 'shop', trainer: 'tpu' })[String(name)])).toThrow(
      'context is not as expected: trainer must be cpu or gpu, got tpu',
    );
  });
});

interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Parameters?: Record<string, unknown>;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly {
    readonly Next: string;
    readonly Variable?: string;
    readonly StringEquals?: string;
    readonly Or?: readonly { readonly StringMatches: string }[];
  }[];
}

describe('its state machine', () => {
  const place = {
    partition: 'aws',
    clusterArn: 'cluster',
    taskDefinitionArn: 'task',
    containerName: 'training',
    subnetIds: ['subnet-1'],
    securityGroupId: 'sg-1',
    topicArn: 'topic',
    logsUrl: 'https://logs',
    timeoutSeconds: 3600,
  };
  const gpu = { jobDefinitionArn: 'job', queueArns: { spot: 'spot-queue', 'on demand': 'queue' } };
  const definition = trainingDefinition(place, { bucketName: 'bucket', modelName: 'shop' }, gpu);
  const states: Readonly<Record<string, State>> = JSON.parse(JSON.stringify(definition.States));

  it('goes through three steps, each with its own count of tries', () => {
    const path: string[] = [];
    for (let name: string | undefined = definition.StartAt; name !== undefined; name = states[name]?.Next)
      path.push(name);
    expect(path).toEqual([
      'Begin',
      'ExportOnSpot',
      'BeginTrain',
      'TrainOnSpot',
      'BeginPublish',
      'PublishOnSpot',
      'AnnouncePromotion',
    ]);
    for (const [name, step] of [
      ['Begin', 'Export'],
      ['BeginTrain', 'Train'],
      ['BeginPublish', 'Publish'],
    ] as const)
      expect(states[name]).toMatchObject({ Type: 'Pass', Result: { runs: 1, step } });
  });

  it('tells each what it is to do, all under the name of the execution', () => {
    const run = { Name: 'RUN_ID', 'Value.$': '$$.Execution.Name' };
    for (const [step, STEP] of [
      ['Export', 'export'],
      ['Publish', 'publish'],
    ] as const)
      expect(states[`${step}OnDemand`]?.Parameters).toMatchObject({
        Overrides: { ContainerOverrides: [{ Environment: [run, { Name: 'STEP', Value: STEP }] }] },
      });
    for (const [state, JobQueue] of [
      ['TrainOnSpot', 'spot-queue'],
      ['TrainOnDemand', 'queue'],
    ] as const)
      expect(states[state]).toMatchObject({
        Resource: 'arn:aws:states:::batch:submitJob.sync',
        Parameters: { JobDefinition: 'job', JobQueue, ContainerOverrides: { Environment: [run] } },
      });
  });

  it('tries a step again that was interrupted, and not the ones before it', () => {
    for (const [state, suffix] of [
      ['OnSpot', 'OnSpot'],
      ['OnDemand', 'OnDemand'],
    ] as const)
      expect(states[state]?.Choices?.map(({ StringEquals, Next }) => [StringEquals, Next])).toEqual(
        ['Export', 'Train', 'Publish'].map((step) => [step, `${step}${suffix}`]),
      );
    expect(states.CountForSpot?.Parameters).toEqual({
      'runs.$': 'States.MathAdd($.runs, 1)',
      'step.$': '$.step',
    });
  });

  it('names states that are there', () => {
    const names = JSON.stringify(states).matchAll(/"(?:Next|Default|StartAt)":"(\w+)"/g);
    for (const [, name] of names) expect(Object.keys(states)).toContain(name);
  });

  it.each([
    ['the instance is taken back', { StatusReason: 'Host EC2 (instance i-0123) terminated.' }, 'Again'],
    ['it could say so itself', { Container: { ExitCode: RUN_EXIT_CODES.terminated, Reason: '' } }, 'Again'],
    [
      'there is no instance',
      { StatusReason: 'Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY' },
      'Again',
    ],
    ['none is large enough', { StatusReason: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT' }, 'Tell'],
    ['another run trains', { Container: { ExitCode: RUN_EXIT_CODES['another run'], Reason: '' } }, 'AnotherRunTrains'],
    [
      'its memory was too small',
      { Container: { ExitCode: 137, Reason: 'OutOfMemoryError: killed' } },
      'TellOutOfMemory',
    ],
    ['the training diverged', { Container: { ExitCode: 1, Reason: '' } }, 'Tell'],
  ])('knows what to do where %s', (_what, cause, expected) => {
    const text = JSON.stringify(cause);
    const isLike = (pattern: string) => new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's').test(text);
    const { Choices = [], Default } = states.WhatHappened as State;
    expect(Choices.find(({ Or = [] }) => Or.some(({ StringMatches }) => isLike(StringMatches)))?.Next ?? Default).toBe(
      expected,
    );
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
}
