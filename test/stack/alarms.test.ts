import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SCORING_METRICS } from '../../lib/contract/cloudwatch-metrics.ts';
import { attempt, defaultTemplate, makeApp, makeTemplate, onlyResource, readable, resourcesOf } from './fixture.ts';

const template = makeTemplate({ filesByHour: 6, email: 'on-call@example.com' });
const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm');

/** The dashboard's text, references left out. */
function dashboard(): string {
  return readable(onlyResource(template, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);
}

/** The properties of an alarm. */
function alarm(name: string): Readonly<Record<string, unknown>> {
  return alarms[name]?.Properties ?? {};
}

describe('alarms', () => {
  it('watch dead letters, ages, errors, failed files and missing ones', () => {
    const facts = Object.fromEntries(
      Object.entries(alarms).map(([name, { Properties }]) => [
        name,
        [Properties.ComparisonOperator, Properties.Threshold, Properties.TreatMissingData],
      ]),
    );
    const above = (threshold: number) => ['GreaterThanThreshold', threshold, 'notBreaching'];
    expect(facts).toEqual({
      ArrivalsDead: above(0),
      ArrivalsAge: above(3600),
      ShardsDead: above(0),
      ShardsAge: above(3600),
      Errors: above(5),
      FilesFailed: above(0),
      FilesMissing: ['LessThanThreshold', 1, 'breaching'],
    });
  });

  it('look at the queue that they are named after', () => {
    for (const [name, metric] of [
      ['ArrivalsDead', 'ApproximateNumberOfMessagesVisible'],
      ['ShardsDead', 'ApproximateNumberOfMessagesVisible'],
    ] as const) {
      const { MetricName, Dimensions } = alarm(name);
      expect(MetricName).toBe(metric);
      expect((Dimensions as { Value: { 'Fn::GetAtt': string[] } }[])[0]?.Value['Fn::GetAtt'][0]).toContain(name);
    }
  });

  it('notify the topic when they begin and when they end, and say what to do', () => {
    for (const { Properties } of Object.values(alarms)) {
      expect((Properties.AlarmActions as unknown[]).map(readable)).toEqual(['Topic']);
      expect(Properties.OKActions).toEqual(Properties.AlarmActions);
      expect(String(Properties.AlarmDescription)).toMatch(/\. (Read|Raise|Look|Its folder)/);
    }
    template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'on-call@example.com' });
  });

  it('miss a file after six hours in a row without one since midnight', () => {
    const { Metrics, EvaluationPeriods } = alarm('FilesMissing');
    expect(EvaluationPeriods).toBe(6);
    expect(Metrics).toEqual([
      expect.objectContaining({ Expression: 'IF(HOUR(files) < 6, files, 1)', ReturnData: true }),
      expect.objectContaining({
        Id: 'files',
        MetricStat: {
          Metric: {
            Namespace: 'entirespace',
            MetricName: 'FilesSucceeded',
            Dimensions: [{ Name: 'service', Value: 'shop-shop' }],
          },
          Period: 3600,
          Stat: 'Sum',
        },
      }),
    ]);
    expect(resourcesOf(defaultTemplate(), 'AWS::CloudWatch::Alarm')).not.toHaveProperty('FilesMissing');
    expect(attempt({ filesByHour: 24 })).toThrow('filesByHour must be a whole hour from 1 to 23, got 24');
  });

  it('may be published by CloudWatch from this account alone, over TLS', () => {
    const policy = onlyResource(template, 'AWS::SNS::TopicPolicy');
    const { Statement } = policy.Properties.PolicyDocument as { Statement: unknown[] };
    expect(Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });
});

describe('the dashboard', () => {
  it.each([
    'Rows per second',
    'Rows',
    'Files',
    'Age of the oldest message, s',
    'Messages',
    'Errors, % of invocations',
    'Values unknown or missing, points above training',
    'Scoring, USD per hour (list prices of us-east-1, 2026-11)',
  ])('shows: %s', (title) => {
    expect(dashboard()).toContain(`"title":"${title}"`);
  });

  it('shows every metric that the functions count, where they count it', () => {
    for (const name of Object.keys(SCORING_METRICS)) expect(dashboard()).toContain(`"entirespace","${name}"`);
  });

  it('has expressions that CDK can read', () => {
    const { stack, remove } = makeApp({ filesByHour: 6 });
    onTestFinished(remove);
    expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue())).toEqual([]);
  });

  it('knows what a second of the scoring function costs', () => {
    // By hand: 3008 / 1024 x 0.0000166667 / 1000 a millisecond.
    expect(dashboard()).toContain(
      '(FILL(plan_ms, 0) + FILL(score_ms, 0)) * 0.000000048958 + (FILL(plans, 0) + FILL(scores, 0)) * 0.000000200000',
    );
  });
});
