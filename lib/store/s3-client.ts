import { S3Client } from '@aws-sdk/client-s3';
import { type AwsConnection, awsSettings } from './aws-settings.ts';

/** A client of S3, or of what speaks its protocol at an endpoint. */
export function s3Client(connection: AwsConnection = {}): S3Client {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  // Only AWS has a host name for every bucket.
  const forcePathStyle = Boolean(connection.endpoint ?? AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL);
  return new S3Client({ ...awsSettings(connection), forcePathStyle });
}
