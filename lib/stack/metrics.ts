import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';

/** Where the functions count. */
export const METRICS_NAMESPACE = 'entirespace';

/** What the functions count. */
export type MetricName =
  | 'RowsScored'
  | 'RowsRejected'
  | 'ShardSeconds'
  | 'FilesPlanned'
  | 'FilesSucceeded'
  | 'FilesFailed'
  | 'FilesOpen';

/** One of the functions' own metrics; `serviceName` tells the deployments of an account apart. */
export function ownMetric(
  metricName: MetricName,
  serviceName: string,
  statistic = 'Sum',
  period = Duration.minutes(5),
): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: serviceName },
    statistic,
    period,
  });
}
