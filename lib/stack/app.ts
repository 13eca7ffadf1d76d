/** The app that `cdk deploy` runs: one stack, with its settings from the context (`-c name=value`, or `cdk.json`). */
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { BatchScoring } from './batch-scoring.ts';
import { propsFromContext } from './context.ts';

const app = new App();
const { stackName, ...props } = propsFromContext((name) => app.node.tryGetContext(name));
const stack = new Stack(app, 'Entirespace', {
  stackName,
  description: 'Click and conversion predictions for candidate files',
});
const { data, alarms, monitoring, training, online } = new BatchScoring(stack, 'BatchScoring', props);

const outputs = {
  Bucket: `s3://${data.bucket.bucketName}`,
  ArrivalsQueue: data.arrivals.queue.queueUrl,
  ArrivalsDeadLetters: data.arrivals.dead.queueUrl,
  ShardsQueue: data.shards.queue.queueUrl,
  ShardsDeadLetters: data.shards.dead.queueUrl,
  ...(online && { OnlineUrl: online.url.url }),
  ...(monitoring && {
    Monitoring: monitoring.stateMachine.stateMachineArn,
    MonitoringTopic: monitoring.topic.topicArn,
  }),
  ...(training && { Training: training.stateMachine.stateMachineArn }),
  ...(alarms && { AlarmTopic: alarms.topic.topicArn, Dashboard: alarms.dashboard.dashboardName }),
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
