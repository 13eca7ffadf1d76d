import { Duration } from 'aws-cdk-lib';
import { Alarm, type AlarmProps, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { monitoringKey } from '../../contract/bucket.ts';
import {
  DEPLOYMENT_DIMENSION,
  METRICS_NAMESPACE,
  MODEL_DIMENSION,
  type MonitoringMetric,
} from '../../contract/cloudwatch-metrics.ts';

/** The run that the alarms watch. */
export interface WatchedRun {
  readonly serviceName: string;
  readonly modelName: string;
  readonly topic: ITopic;
  /** Days without a run after which one is missing. */
  readonly maxDaysWithoutRun: number;
}

/** Makes the alarms: the verdict is to act, and nobody has looked for too long. */
export function monitoringAlarms(scope: Construct, run: WatchedRun): Alarm[] {
  const { modelName, maxDaysWithoutRun, topic } = run;
  if (!Number.isInteger(maxDaysWithoutRun) || maxDaysWithoutRun < 1 || maxDaysWithoutRun > 7)
    throw new Error(`maxDaysWithoutRun must be 1 to 7 whole days, got ${maxDaysWithoutRun}`);
  const alarm = (id: string, props: AlarmProps) => {
    const made = new Alarm(scope, id, props);
    made.addAlarmAction(new SnsAction(topic));
    made.addOkAction(new SnsAction(topic));
    return made;
  };
  return [
    alarm('Act', {
      metric: metricOf(run, 'MonitoringLevel', 'Maximum'),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
      // The verdict holds until the next run.
      treatMissingData: TreatMissingData.IGNORE,
      alarmDescription: `Monitoring of ${modelName} says: act. Read the page ${monitoringKey(modelName, 'page')} in the bucket; its first lines say what to look at.`,
    }),
    alarm('NoRun', {
      metric: metricOf(run, 'MonitoringLevel', 'SampleCount'),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: maxDaysWithoutRun,
      treatMissingData: TreatMissingData.BREACHING,
      alarmDescription: `Monitoring of ${modelName} has not run for ${maxDaysWithoutRun} days. Look at the executions of its state machine, and at the log of its task.`,
    }),
  ];
}

function metricOf({ serviceName, modelName }: WatchedRun, metricName: MonitoringMetric, statistic: string): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { [DEPLOYMENT_DIMENSION]: serviceName, [MODEL_DIMENSION]: modelName },
    statistic,
    period: Duration.days(1),
  });
}
