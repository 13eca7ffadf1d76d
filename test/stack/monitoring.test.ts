import { readFileSync } from 'node:fs';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MONITORING_METRICS } from '../../lib/contract/cloudwatch-metrics.ts';
import { RUN_EXIT_CODES } from '../../lib/contract/exit-codes.ts';
import { monitoringDefinition } from '../../lib/stack/monitoring/monitoring-definition.ts';
import { idleCost, PRICES } from '../../lib/stack/prices.ts';
import { monitorSettings } from '../../training/monitor/environment.ts';
import { attempt, defaultTemplate, makeApp, makeTemplate, onlyResource, readable, resourcesOf } from './fixture.ts';

const PARTS = ['data', 'monitoring'] as const;
const HOURS_A_MONTH = 730;
const image = ContainerImage.fromRegistry('example.com/entirespace/training:1');
const props = { parts: PARTS, image, email: 'on-call@example.com' };
const template = makeTemplate(props);

interface Container {
  readonly Command: readonly string[];
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
}

function container(of = template): Container {
  const { ContainerDefinitions } = onlyResource(of, 'AWS::ECS::TaskDefinition').Properties;
  return (ContainerDefinitions as Container[])[0] as Container;
}

describe('the monitoring part', () => {
  it('is made where it is named alone, and needs the data part and a model', () => {
    defaultTemplate().resourceCountIs('AWS::ECS::TaskDefinition', 0);
    expect(attempt({ parts: ['monitoring'] })).toThrow('part monitoring needs part data, got monitoring');
    expect(attempt({ parts: PARTS, modelName: undefined as never })).toThrow(
      'modelName is missing: the monitoring part monitors one model',
    );
  });

  it.each([
    { name: 'as it is', more: () => ({}) },
    {
      name: 'with a key of the customer',
      more: (stack: never) => ({ encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }) }),
    },
  ])('is nothing that cdk-nag finds fault with: $name', ({ more }) => {
    const { app, remove } = makeApp((stack) => ({ ...props, ...more(stack as never) }));
    onTestFinished(remove);
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    expect(violations.map(({ ruleName }) => ruleName)).toEqual([]);
  });

  it('shares network and cluster with the training part', () => {
    const both = makeTemplate({ parts: ['data', 'monitoring', 'training'], image });
    both.resourceCountIs('AWS::EC2::VPC', 1);
    both.resourceCountIs('AWS::ECS::Cluster', 1);
    both.resourceCountIs('AWS::ECS::TaskDefinition', 2);
    both.resourceCountIs('AWS::StepFunctions::StateMachine', 2);
  });

  it('costs the alarms between two runs', () => {
    const { Resources } = template.toJSON();
    expect(idleCost({ Resources })).toEqual([{ what: 'alarms', perMonth: 0.2 }]);
    for (const type of ['AWS::EC2::NatGateway', 'AWS::EC2::EIP', 'AWS::ECS::Service'])
      template.resourceCountIs(type, 0);
  });

  it('runs the program of monitoring, with an environment that it understands', () => {
    const made = container(
      makeTemplate({
        ...props,
        parts: ['data', 'scoring', 'monitoring'],
        monitoringDays: 10,
        monitoringMemoryMiB: 4096,
      }),
    );
    expect(made.Command).toEqual(['dist/monitoring.js']);
    expect(readFileSync('scripts/build.ts', 'utf8')).toContain("monitoring: 'training/monitor.ts'");
    const variables = Object.fromEntries(made.Environment.map(({ Name, Value }) => [Name, Value]));
    const settings = monitorSettings({ ...variables, BUCKET: 's3://bucket', RUN_ID: 'x' });
    expect(settings).toEqual({
      bucket: 's3://bucket',
      modelName: 'shop',
      runId: 'x',
      eventBus: 'default',
      dataPrefix: 'data/',
      windowDays: 10,
      partitionsUntil: null,
      // 3008 / 1024 x 0.0000166667, and 3.5 GB of disk above that at 0.0000000309.
      usdPerSecond: expect.closeTo(0.00004906657, 10),
      memoryMiB: 2048,
      threads: 2,
      scratch: '/scratch',
    });
    // Without the scoring part, nobody knows what its seconds cost.
    expect(container().Environment.map(({ Name }) => Name)).not.toContain('USD_PER_SECOND');
  });

  it('begins by a schedule of its own', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'cron(0 6 * * ? *)' });
    makeTemplate({
      ...props,
      monitoringSchedule: 'cron(30 9 * * ? *)',
      timeZone: 'Europe/Berlin',
    }).hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(30 9 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
    });
  });
});

describe('its alarms', () => {
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm');
  const factsOf = (name: string) => {
    const { ComparisonOperator, Threshold, EvaluationPeriods, Statistic, TreatMissingData } =
      alarms[`Monitoring${name}`]?.Properties ?? {};
    return [ComparisonOperator, Threshold, EvaluationPeriods, Statistic, TreatMissingData];
  };

  it('are of the verdict, and of a run that does not come', () => {
    expect(Object.keys(alarms).sort()).toEqual(['MonitoringAct', 'MonitoringNoRun']);
    expect(factsOf('Act')).toEqual(['GreaterThanThreshold', 1, 1, 'Maximum', 'ignore']);
    expect(factsOf('NoRun')).toEqual(['LessThanThreshold', 1, 2, 'SampleCount', 'breaching']);
    for (const { Properties } of Object.values(alarms))
      expect(Properties).toMatchObject({
        Namespace: 'entirespace',
        MetricName: 'MonitoringLevel',
        Period: 86_400,
        Dimensions: [
          { Name: 'model', Value: 'shop' },
          { Name: 'service', Value: 'shop-shop' },
        ],
      });
    expect(attempt({ ...props, maxDaysWithoutRun: 8 })).toThrow('maxDaysWithoutRun must be 1 to 7 whole days, got 8');
  });

  it('say what to look at, to the topic of failed runs, too', () => {
    for (const { Properties } of Object.values(alarms)) {
      expect((Properties.AlarmActions as unknown[]).map(readable)).toEqual(['MonitoringTopic']);
      expect(Properties.OKActions).toEqual(Properties.AlarmActions);
      expect(String(Properties.AlarmDescription)).toMatch(/\. (Read|Look)/);
    }
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'on-call@example.com' });
  });

  it('and the metrics are in the documentation, with their price', () => {
    const document = readFileSync('docs/monitoring.md', 'utf8');
    for (const name of Object.keys(MONITORING_METRICS)) expect(document).toContain(`\`${name}\``);
    const perHour = (Object.keys(MONITORING_METRICS).length * PRICES.cloudWatch.metricMonth) / HOURS_A_MONTH;
    expect(document).toContain(`together ${perHour.toFixed(3)} USD for an hour with a run`);
  });
});

describe('its state machine', () => {
  const definition = monitoringDefinition(
    {
      partition: 'aws',
      clusterArn: 'cluster',
      taskDefinitionArn: 'task',
      containerName: 'monitoring',
      subnetIds: ['subnet-1'],
      securityGroupId: 'sg-1',
      topicArn: 'topic',
      logsUrl: 'https://logs',
      timeoutSeconds: 3600,
    },
    'shop',
  );

  it('ends after a run, begins an interrupted one again, and reports any other end', () => {
    const { States } = definition;
    expect(States).toMatchObject({ RunOnSpot: { Next: 'Monitored' } });
    expect(States.Monitored).toEqual({ Type: 'Succeed' });
    const again = States.WhatHappened.Choices.find(({ Next }) => Next === 'Again')?.Or ?? [];
    expect(again.map(({ StringMatches }) => StringMatches)).toContain(`*"ExitCode":${RUN_EXIT_CODES.terminated},*`);
    expect(States.WhatHappened.Default).toBe('Tell');
    expect(States.Tell.Parameters['Message.$']).toBe(
      "States.Format('Monitoring of shop: run {} failed, what it found and did not tell is told by the next run.\n\nLog: https://logs\n\n{}', $$.Execution.Name, States.JsonToString($.error))",
    );
  });

  it('names states that are there', () => {
    const names = JSON.stringify(definition).matchAll(/"(?:Next|Default|StartAt)":"(\w+)"/g);
    for (const [, name] of names) expect(Object.keys(definition.States)).toContain(name);
  });
});
