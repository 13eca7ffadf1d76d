import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { PREFIXES, SCORES_RECORDS } from '../../contract/bucket.ts';
import { MAX_RECEIVES } from '../../contract/limits.ts';
import type { Data } from '../bucket-and-queues.ts';
import type { Scoring, ScoringFunctions } from '../scoring.ts';
import { ownMetric } from './own-metric.ts';

export interface AlarmLimits {
  /**
   * Age of the oldest message above which work does not keep up.
   * @default 1 hour
   */
  readonly maxMessageAge?: Duration;
  /**
   * Percentage of invocations that may fail.
   * @default 5
   */
  readonly maxErrorPercent?: number;
  /**
   * Hour of the day in UTC, 1 to 23, by which a file must have been scored since midnight.
   * @default a day without files is no reason for an alarm
   */
  readonly filesByHour?: number;
}

type Condition = Pick<AlarmProps, 'metric' | 'threshold' | 'alarmDescription'> & Partial<AlarmProps>;

/** What a person must look at; each alarm's description says what to do. */
export class ScoringAlarms extends Construct {
  readonly alarms: Alarm[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly topic: ITopic,
  ) {
    super(scope, id);
  }

  /** Messages that were tried too often, and messages that wait too long. */
  watchQueues({ arrivals, shards }: Data, { maxMessageAge = Duration.hours(1) }: AlarmLimits): void {
    for (const [name, { queue, dead }] of [
      ['Arrivals', arrivals],
      ['Shards', shards],
    ] as const) {
      const period = Duration.minutes(5);
      this.add(`${name}Dead`, {
        metric: dead.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum' }),
        threshold: 0,
        alarmDescription: `${name} queue: a message was tried ${MAX_RECEIVES} times. Read the function's log, mend the cause, redrive.`,
      });
      this.add(`${name}Age`, {
        metric: queue.metricApproximateAgeOfOldestMessage({ period, statistic: 'Maximum' }),
        threshold: maxMessageAge.toSeconds(),
        alarmDescription: `${name} queue: the oldest message waits longer than ${maxMessageAge.toHumanString()}. Raise maxConcurrency, or look for throttles.`,
      });
    }
  }

  /** Functions that fail, files that cannot be scored, and files that do not come. */
  watchFunctions({ functions, serviceName }: Scoring, { maxErrorPercent = 5, filesByHour }: AlarmLimits): void {
    this.add('Errors', {
      metric: errorPercent(functions),
      threshold: maxErrorPercent,
      alarmDescription: `More than ${maxErrorPercent} % of invocations fail: out of memory, out of time, or a crash. Read the functions' logs.`,
    });
    this.add('FilesFailed', {
      metric: ownMetric('FilesFailed', serviceName),
      threshold: 0,
      alarmDescription: `A candidate file cannot be scored. Its folder under ${PREFIXES.scores} has ${SCORES_RECORDS.failure} with the reason.`,
    });
    if (filesByHour !== undefined) this.add('FilesMissing', filesMissing(serviceName, filesByHour));
  }

  private add(id: string, condition: Condition): void {
    const alarm = new Alarm(this, id, {
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...condition,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    alarm.addOkAction(new SnsAction(this.topic));
    this.alarms.push(alarm);
  }
}

/** Share of the functions' invocations that fail. */
export function errorPercent(functions: ScoringFunctions): MathExpression {
  const usingMetrics: Record<string, IMetric> = {};
  for (const [index, lambda] of [functions.planShards, functions.scoreShard, functions.reconcile].entries()) {
    usingMetrics[`e${index}`] = lambda.metricErrors();
    usingMetrics[`i${index}`] = lambda.metricInvocations();
  }
  // Without invocations there is nothing to divide by.
  const expression = '100 * (FILL(e0, 0) + FILL(e1, 0) + FILL(e2, 0)) / (FILL(i0, 0) + FILL(i1, 0) + FILL(i2, 0))';
  return new MathExpression({ expression, usingMetrics, label: 'errors, %', period: Duration.minutes(5) });
}

/**
 * An alarm has no clock: every hour after the limit counts as good, so that as many bad hours in a row as there are
 * before it means none of them had a file.
 */
function filesMissing(serviceName: string, hour: number): Condition {
  if (!Number.isInteger(hour) || hour < 1 || hour > 23)
    throw new Error(`filesByHour must be a whole hour from 1 to 23, got ${hour}`);
  const period = Duration.hours(1);
  return {
    metric: new MathExpression({
      expression: `IF(HOUR(files) < ${hour}, files, 1)`,
      usingMetrics: { files: ownMetric('FilesSucceeded', serviceName, 'Sum', period) },
      label: 'files since midnight',
      period,
    }),
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: 1,
    evaluationPeriods: hour,
    // Reconcile counts a zero every 15 minutes; no data at all says that it does not run either.
    treatMissingData: TreatMissingData.BREACHING,
    alarmDescription: `No candidate file was scored between midnight and ${hour}:00 UTC. Look whether the job that writes them ran.`,
  };
}
