import { readFileSync } from 'node:fs';
import { Validations } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { RUN_METRICS } from '../../lib/contract/cloudwatch-metrics.ts';
import { RUN_EXIT_CODES } from '../../lib/contract/exit-codes.ts';
import { idleCost, PRICES } from '../../lib/stack/prices.ts';
import { trainingDefinition } from '../../lib/stack/training/training-definition.ts';
import { runSettings } from '../../training/run/environment.ts';
import { attempt, defaultTemplate, makeBoth, makeTemplate, onlyResource } from './fixture.ts';

const PARTS = ['data', 'training'] as const;
const HOURS_A_MONTH = 730;
const image = ContainerImage.fromRegistry('example.com/entirespace/training:1');
const { app, template } = makeBoth({ parts: [...PARTS], image, email: 'on-call@example.com' });
const other = makeTemplate({
  parts: [...PARTS],
  image,
  windowDays: 14,
  trainingMemoryMiB: 8192,
  trainingCpu: 2048,
  warmStart: true,
  trainingSchedule: 'cron(30 4 ? * MON *)',
  timeZone: 'Europe/Berlin',
});

function container(of: Template): Record<string, unknown> {
  const { ContainerDefinitions } = onlyResource(of, 'AWS::ECS::TaskDefinition').Properties;
  return (ContainerDefinitions as Record<string, unknown>[])[0] ?? {};
}

describe('the training part', () => {
  it('is made where it is named alone, and needs the data part', () => {
    defaultTemplate().resourceCountIs('AWS::ECS::TaskDefinition', 0);
    expect(attempt({ parts: ['training'] })).toThrow('part training needs part data, got training');
  });

  it('is nothing that cdk-nag finds fault with', () => {
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
    const metadata = app.node.findAll().flatMap(({ node }) => node.metadata);
    const acknowledged = metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>));
    for (const [id, reason] of acknowledged) expect(reason.length, id).toBeGreaterThan(40);
  });

  it('costs nothing between two runs', () => {
    const { Resources } = template.toJSON();
    expect(idleCost({ Resources })).toEqual([]);
    for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::EIP', 'AWS::ECS::Service'])
      template.resourceCountIs(type, 0);
    const endpoint = { VpcEndpointType: 'Gateway' };
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', endpoint);
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 1);
  });

  it('has its metrics, and their price per hour of a run, in the documentation', () => {
    const document = readFileSync('docs/operate.md', 'utf8');
    for (const name of Object.keys(RUN_METRICS)) expect(document).toContain(`\`${name}\``);
    const perHour = (Object.keys(RUN_METRICS).length * PRICES.cloudWatch.metricMonth) / HOURS_A_MONTH;
    expect(document).toContain(`together ${perHour.toFixed(3)} USD for an hour with a run`);
  });

  it('accepts no incoming connections', () => {
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    const { SecurityGroupIngress, SecurityGroupEgress } = onlyResource(template, 'AWS::EC2::SecurityGroup').Properties;
    expect(SecurityGroupIngress).toBeUndefined();
    expect(SecurityGroupEgress).toMatchObject([{ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 }]);
  });

  it('runs a task with a read-only root, a scratch volume and time to keep its state', () => {
    expect(container(template)).toMatchObject({
      Image: 'example.com/entirespace/training:1',
      ReadonlyRootFilesystem: true,
      StopTimeout: 120,
      LinuxParameters: { InitProcessEnabled: true },
      MountPoints: [{ ContainerPath: '/scratch', ReadOnly: false, SourceVolume: 'scratch' }],
    });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      Cpu: '4096',
      Memory: '16384',
      EphemeralStorage: { SizeInGiB: 50 },
      Volumes: [{ Name: 'scratch' }],
    });
  });

  it('gives the task an environment that it understands', () => {
    const { Environment } = container(other) as { Environment: { Name: string; Value: unknown }[] };
    const variables = Object.fromEntries(Environment.map(({ Name, Value }) => [Name, Value]));
    const settings = runSettings({ ...variables, BUCKET: 's3://bucket', RUN_ID: 'x' });
    expect(settings).toMatchObject({
      modelName: 'shop',
      declarationKey: 'training/shop/entirespace.yaml',
      dataPrefix: 'data/',
      windowDays: 14,
      checkpointMinutes: 10,
      memoryMiB: 4096,
      threads: 2,
      warmStart: true,
      scratch: '/scratch',
      // 2 vCPU at 0.04048 and 8 GB at 0.004445.
      hourlyUsd: 0.117,
    });
  });

  it('begins by a schedule with a time zone', () => {
    other.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(30 4 ? * MON *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
    });
  });

  it('reports failures by e-mail, over TLS', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'on-call@example.com' });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]),
      },
    });
  });
});

describe('the state machine', () => {
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
  const definition = trainingDefinition(place, { bucketName: 'bucket', modelName: 'shop' });
  const { States } = definition;

  /** Where a run that ended with this cause goes. */
  function next(cause: string): string {
    const matches = (pattern: string) =>
      new RegExp(
        `^${pattern
          .split('*')
          .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
          .join('.*')}$`,
        's',
      ).test(cause);
    const { Choices, Default } = States.WhatHappened;
    return Choices.find(({ Or }) => Or.some(({ StringMatches }) => matches(StringMatches)))?.Next ?? Default;
  }
  const stopped = (code: number) =>
    JSON.stringify({ Containers: [{ ExitCode: code, Name: 'training' }], StopCode: 'EssentialContainerExited' });

  it.each([
    [RUN_EXIT_CODES['not promoted'], 'AnnounceRefusal'],
    [RUN_EXIT_CODES['another run'], 'AnotherRunTrains'],
    [RUN_EXIT_CODES.terminated, 'Again'],
    [RUN_EXIT_CODES['bad data'], 'Tell'],
    [RUN_EXIT_CODES['unexpected error'], 'Tell'],
    [137, 'Tell'],
    [77, 'Tell'],
  ])('after exit code %i goes to %s', (code, state) => {
    expect(next(stopped(code))).toBe(state);
    expect(next(stopped(code).replace('"ExitCode":', '"ExitCode": '))).toBe(state);
  });

  it('tries again where Spot has no room, or takes it back before the task could say so', () => {
    expect(
      next('Capacity is unavailable at this time. Please try again later or in a different availability zone'),
    ).toBe('Again');
    expect(next(JSON.stringify({ Containers: [{ ExitCode: 137 }], StopCode: 'SpotInterruption' }))).toBe('Again');
  });

  it('says which setting helps where the task was killed for its memory', () => {
    const cause = JSON.stringify({
      Containers: [{ ExitCode: 137, Reason: 'OutOfMemoryError: Container killed due to memory usage' }],
      StopCode: 'EssentialContainerExited',
    });
    expect(next(cause)).toBe('TellOutOfMemory');
    expect(States.TellOutOfMemory.Parameters['Message.$']).toBe(
      "States.Format('Retraining of shop: run {} ran out of memory (deploy it with a larger trainingMemory), nothing was promoted.\n\nLog: https://logs\n\n{}', $$.Execution.Name, States.JsonToString($.error))",
    );
  });

  it('names states that are there', () => {
    const names = JSON.stringify(definition).matchAll(/"(?:Next|Default|StartAt)":"(\w+)"/g);
    for (const [, name] of names) expect(Object.keys(States)).toContain(name);
  });

  it('gives the task the execution as its run', () => {
    const Environment = [{ Name: 'RUN_ID', 'Value.$': '$$.Execution.Name' }];
    const run = { Parameters: { Overrides: { ContainerOverrides: [{ Name: 'training', Environment }] } } };
    expect(States).toMatchObject({ RunOnSpot: run, RunOnDemand: run });
  });
});
