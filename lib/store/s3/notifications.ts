import { GetBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import type { AwsConnection } from '../aws/aws-settings.ts';
import { s3Client } from './client.ts';

/**
 * ARNs of the queues to which S3 sends a message for each object under a prefix.
 * @throws {Error} where the bucket's configuration cannot be read.
 */
export async function notifiedQueues(
  bucket: string,
  prefix: string,
  connection: AwsConnection = {},
): Promise<string[]> {
  const client = s3Client(connection);
  try {
    const request = new GetBucketNotificationConfigurationCommand({ Bucket: bucket });
    const { QueueConfigurations = [] } = await client.send(request).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : cause;
      throw new Error(`cannot find the queues of s3://${bucket}: ${why}`, { cause });
    });
    return QueueConfigurations.filter(({ Filter }) =>
      Filter?.Key?.FilterRules?.some(({ Name, Value }) => Name?.toLowerCase() === 'prefix' && Value === prefix),
    ).map(({ QueueArn = '' }) => QueueArn);
  } finally {
    client.destroy();
  }
}
