import { Duration, RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, type LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface DataProps {
  /**
   * Name of the bucket.
   * @default CloudFormation makes one up, which begins with the stack's name
   */
  readonly bucketName?: string;
  /**
   * Encrypts the bucket and the queues. A key of another stack must itself let S3 use it for the queue.
   * @default S3's and SQS's own keys, which cost nothing
   */
  readonly encryptionKey?: IKey;
  /**
   * What becomes of the bucket when the stack is deleted.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** A queue, and the messages that were tried too often. */
export interface QueuePair {
  readonly queue: Queue;
  readonly dead: Queue;
}

/** Time for which a received message is nobody else's: six times the longest timeout of a function, as AWS advises. */
export const VISIBILITY_TIMEOUT = Duration.minutes(30);

const CANDIDATES = 'candidates/';
const MAX_RECEIVES = 5;
// CloudFormation cuts long stack names in the names that it makes up, and keeps at least that much of them.
const KEPT_CHARACTERS = 20;

/** The bucket, the queue of candidate files that arrived, and the queue of their shards. */
export class Data extends Construct {
  readonly bucket: Bucket;
  readonly arrivals: QueuePair;
  readonly shards: QueuePair;
  readonly encryptionKey: IKey | undefined;

  constructor(scope: Construct, id: string, props: DataProps = {}) {
    super(scope, id);
    const { bucketName, encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = props;
    this.encryptionKey = encryptionKey;
    this.bucket = new Bucket(this, 'Bucket', {
      ...(bucketName !== undefined && { bucketName }),
      versioned: true,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      ...(encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      lifecycleRules: lifecycleRules(),
      removalPolicy,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Access logs would cost as much as the requests and need a second bucket; CloudTrail data events do it better',
    });
    this.arrivals = this.queuePair('Arrivals');
    this.shards = this.queuePair('Shards');
    this.notifyOfCandidates(bucketName);
  }

  private queuePair(id: string): QueuePair {
    const common = {
      enforceSSL: true,
      ...(this.encryptionKey === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: this.encryptionKey }),
    };
    // A dead letter keeps the age it had: it needs more time than the queue that it comes from.
    const dead = new Queue(this, `${id}Dead`, { ...common, retentionPeriod: Duration.days(14) });
    const queue = new Queue(this, id, {
      ...common,
      retentionPeriod: Duration.days(4),
      visibilityTimeout: VISIBILITY_TIMEOUT,
      deadLetterQueue: { queue: dead, maxReceiveCount: MAX_RECEIVES },
    });
    return { queue, dead };
  }

  // Plain CloudFormation: CDK's own notifications bring a function of their own, which writes the bucket's configuration.
  private notifyOfCandidates(bucketName: string | undefined): void {
    const { account, partition } = Stack.of(this);
    const { queue } = this.arrivals;
    const source = `arn:${partition}:s3:::${bucketName ?? `${generatedNameStart(this)}*`}`;
    const conditions = { ArnLike: { 'aws:SourceArn': source }, StringEquals: { 'aws:SourceAccount': account } };
    const s3 = new ServicePrincipal('s3.amazonaws.com');
    queue.addToResourcePolicy(
      new PolicyStatement({ principals: [s3], actions: ['sqs:SendMessage'], resources: [queue.queueArn], conditions }),
    );
    this.encryptionKey?.addToResourcePolicy(
      new PolicyStatement({
        principals: [s3],
        actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
        // In a key's policy `*` is the key itself.
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
    const bucket = this.bucket.node.defaultChild as CfnBucket;
    const rules = [{ name: 'prefix', value: CANDIDATES }];
    bucket.notificationConfiguration = {
      queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: queue.queueArn, filter: { s3Key: { rules } } }],
    };
    // S3 tries to send a test message at once.
    bucket.node.addDependency(queue);
  }
}

function lifecycleRules(): LifecycleRule[] {
  const week = Duration.days(7);
  const month = Duration.days(30);
  return [
    { id: 'Uploads', abortIncompleteMultipartUploadAfter: Duration.days(2) },
    { id: 'DeleteMarkers', expiredObjectDeleteMarker: true },
    { id: 'Work', prefix: '_work/', expiration: month, noncurrentVersionExpiration: week },
    { id: 'Candidates', prefix: CANDIDATES, noncurrentVersionExpiration: month },
    // One rule for each of the others: rules of S3 cannot say "all but".
    ...['scores/', 'rejects/', 'models/', 'failed/', '_state/', '_training/'].map((prefix) => ({
      id: `Old-${prefix.slice(0, -1)}`,
      prefix,
      noncurrentVersionExpiration: week,
    })),
  ];
}

// The name itself would make a circle: the bucket needs the queue's policy first.
function generatedNameStart(scope: Construct): string {
  const { stackName } = Stack.of(scope);
  if (Token.isUnresolved(stackName))
    throw new Error('bucketName is missing: a nested stack has no name to derive it from');
  return stackName.toLowerCase().slice(0, KEPT_CHARACTERS);
}
