/** The dashboard of scoring. */
import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, MathExpression, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { PREFIXES, SCORES_RECORDS } from '../../contract/bucket.ts';
import { RECONCILE_SECONDS } from '../../contract/limits.ts';
import type { Data } from '../bucket-and-queues.ts';
import { PRICES } from '../prices.ts';
import type { Scoring } from '../scoring.ts';
import { ownMetric } from './own-metric.ts';
import { errorPercent } from './scoring-alarms.ts';

/** Makes the dashboard of a stack's scoring. */
export function scoringDashboard(scope: Construct, data: Data, scoring: Scoring): Dashboard {
  return new Dashboard(scope, 'Dashboard', {
    defaultInterval: Duration.days(1),
    widgets: [
      [text(scoring.serviceName)],
      [rates(scoring), rows(scoring), files(scoring)],
      [ages(data), waiting(data), errors(scoring)],
      [unusual(scoring), cost(scoring)],
    ],
  });
}

function text(serviceName: string): TextWidget {
  const { candidates, scores } = PREFIXES;
  const { success, failure } = SCORES_RECORDS;
  const markdown = `**${serviceName}**: candidate files come in under \`${candidates}\`, scores go out under \`${scores}\`, with \`${success}\` or \`${failure}\`.`;
  return new TextWidget({ markdown, width: 24, height: 1 });
}

function rates({ serviceName }: Scoring): GraphWidget {
  const usingMetrics = {
    rows: ownMetric('RowsScored', serviceName),
    seconds: ownMetric('ShardSeconds', serviceName),
  };
  return graph('Rows per second', [
    new MathExpression({
      expression: 'rows / PERIOD(rows)',
      usingMetrics: { rows: usingMetrics.rows },
      label: 'all together',
    }),
    new MathExpression({ expression: 'rows / seconds', usingMetrics, label: 'one function at work' }),
  ]);
}

function rows({ serviceName }: Scoring): GraphWidget {
  return graph(
    'Rows',
    (['RowsScored', 'RowsRejected', 'RowsKept'] as const).map((name) => ownMetric(name, serviceName)),
  );
}

function files({ serviceName }: Scoring): GraphWidget {
  return new GraphWidget({
    title: 'Files',
    left: (['FilesPlanned', 'FilesSucceeded', 'FilesFailed'] as const).map((name) => ownMetric(name, serviceName)),
    right: [
      ownMetric('FilesOpen', serviceName, 'Maximum', Duration.seconds(RECONCILE_SECONDS)).with({
        label: 'in flight (right)',
      }),
    ],
    width: 8,
  });
}

function unusual({ serviceName }: Scoring): GraphWidget {
  return graph('Values unknown or missing, points above training', [
    ownMetric('UnknownAboveUsual', serviceName, 'Maximum'),
    ownMetric('MissingAboveUsual', serviceName, 'Maximum'),
  ]);
}

function ages({ arrivals, shards }: Data): GraphWidget {
  return graph('Age of the oldest message, s', [
    arrivals.queue.metricApproximateAgeOfOldestMessage({ label: 'arrivals', statistic: 'Maximum' }),
    shards.queue.metricApproximateAgeOfOldestMessage({ label: 'shards', statistic: 'Maximum' }),
  ]);
}

function waiting({ arrivals, shards }: Data): GraphWidget {
  const maximum = { statistic: 'Maximum' };
  return graph('Messages', [
    shards.queue.metricApproximateNumberOfMessagesVisible({ ...maximum, label: 'shards waiting' }),
    shards.queue.metricApproximateNumberOfMessagesNotVisible({ ...maximum, label: 'shards at work' }),
    arrivals.dead.metricApproximateNumberOfMessagesVisible({ ...maximum, label: 'dead arrivals' }),
    shards.dead.metricApproximateNumberOfMessagesVisible({ ...maximum, label: 'dead shards' }),
  ]);
}

function errors({ functions }: Scoring): GraphWidget {
  return graph('Errors, % of invocations', [errorPercent(functions)]);
}

function cost({ functions, memoryMiB, architecture }: Scoring): GraphWidget {
  const arch = architecture.name === 'arm64' ? 'arm64' : 'x64';
  // CloudWatch reads no exponents.
  const perMillisecond = (((memoryMiB / 1024) * PRICES.lambda.gbSecond[arch]) / 1000).toFixed(12);
  const milliseconds = `(FILL(plan_ms, 0) + FILL(score_ms, 0)) * ${perMillisecond}`;
  const calls = `(FILL(plans, 0) + FILL(scores, 0)) * ${PRICES.lambda.request.toFixed(12)}`;
  const expression = `${milliseconds} + ${calls}`;
  const hour = { period: Duration.hours(1), statistic: 'Sum' };
  const usingMetrics = {
    plan_ms: functions.planShards.metricDuration(hour),
    score_ms: functions.scoreShard.metricDuration(hour),
    plans: functions.planShards.metricInvocations(hour),
    scores: functions.scoreShard.metricInvocations(hour),
  };
  const estimate = new MathExpression({ expression, usingMetrics, period: hour.period, label: 'USD per hour' });
  return graph(`Scoring, USD per hour (list prices of ${PRICES.region}, ${PRICES.asOf})`, [estimate]);
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 8 });
}
