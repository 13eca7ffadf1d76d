import { SQSClient } from '@aws-sdk/client-sqs';
import { type AwsConnection, awsSettings } from './aws-settings.ts';

/** A client of SQS, or of what speaks its protocol at an endpoint. */
export function sqsClient(connection: AwsConnection = {}): SQSClient {
  const { AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL } = process.env;
  const endpoint = connection.endpoint ?? AWS_ENDPOINT_URL_SQS ?? AWS_ENDPOINT_URL;
  // An emulator's queue URLs may name a host that only it knows.
  return new SQSClient({ ...awsSettings(connection), useQueueUrlAsEndpoint: !endpoint });
}
