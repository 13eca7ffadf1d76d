import { S3Client } from '@aws-sdk/client-s3';
import { type AwsConnection, awsSettings, endpointOf } from '../aws/aws-settings.ts';

/** Returns a client of S3, or of a compatible service at an endpoint. */
export function s3Client(connection: AwsConnection = {}): S3Client {
  // Only AWS has a host name for every bucket.
  return new S3Client({ ...awsSettings('S3', connection), forcePathStyle: endpointOf('S3', connection) !== null });
}
