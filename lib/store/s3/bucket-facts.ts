import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import type { AwsConnection } from '../aws/aws-settings.ts';
import { s3Client } from './client.ts';

/** How a bucket treats its objects. */
export interface BucketFacts {
  readonly keepsVersions: boolean;
  /** Algorithm of the default encryption; `null` where there is none. */
  readonly encryption: string | null;
  readonly isClosedToPublic: boolean;
}

/** @throws {Error} where the bucket cannot be looked at. */
export async function bucketFacts(bucket: string, connection: AwsConnection = {}): Promise<BucketFacts> {
  const client = s3Client(connection);
  const request = { Bucket: bucket };
  try {
    const { Status } = await client.send(new GetBucketVersioningCommand(request)).catch((cause: unknown) => {
      throw new Error(`cannot look at s3://${bucket}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    });
    // S3 returns 404 for what was never configured.
    const encryption = await client.send(new GetBucketEncryptionCommand(request)).catch(() => null);
    const blocked = await client.send(new GetPublicAccessBlockCommand(request)).catch(() => null);
    const [rule] = encryption?.ServerSideEncryptionConfiguration?.Rules ?? [];
    return {
      keepsVersions: Status === 'Enabled',
      encryption: rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? null,
      isClosedToPublic: blocked?.PublicAccessBlockConfiguration?.RestrictPublicBuckets === true,
    };
  } finally {
    client.destroy();
  }
}
