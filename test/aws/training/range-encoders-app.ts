/** The part of the stack that encodes the rows of an export: its bucket, its queue and the function. */
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Data } from '../../../lib/stack/bucket-and-queues.ts';
import { RangeEncoders } from '../../../lib/stack/training/range-encoders.ts';

const app = new App();
const stack = new Stack(app, 'Encoders', { stackName: 'encoders' });
const data = new Data(stack, 'Data', { removalPolicy: RemovalPolicy.DESTROY });
const { ranges } = new RangeEncoders(stack, 'RangeEncoders', data, {
  modelName: 'shop',
  encoders: 2,
  assetFolder: app.node.tryGetContext('asset'),
});
const outputs = { Bucket: `s3://${data.bucket.bucketName}`, Ranges: ranges.queue.queueUrl, Dead: ranges.dead.queueUrl };
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
