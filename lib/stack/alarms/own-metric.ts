import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { DEPLOYMENT_DIMENSION, METRICS_NAMESPACE, type ScoringMetric } from '../../contract/cloudwatch-metrics.ts';

/** One of the functions' own metrics, of the deployment that `serviceName` names. */
export function ownMetric(
  metricName: ScoringMetric,
  serviceName: string,
  statistic = 'Sum',
  period = Duration.minutes(5),
): Metric {
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { [DEPLOYMENT_DIMENSION]: serviceName },
    statistic,
    period,
  });
}
