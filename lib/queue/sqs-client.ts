import { SQSClient } from '@aws-sdk/client-sqs';
import { type AwsConnection, awsSettings, endpointOf } from '../store/aws/aws-settings.ts';

export type { SQSClient as SqsClient } from '@aws-sdk/client-sqs';

/** Returns a client of SQS, or of a compatible service at an endpoint. */
export function sqsClient(connection: AwsConnection = {}): SQSClient {
  // An emulator's queue URLs may name a host that only it knows.
  return new SQSClient({
    ...awsSettings('SQS', connection),
    useQueueUrlAsEndpoint: endpointOf('SQS', connection) === null,
  });
}
