import { Duration, RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, type LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { PREFIXES, type Prefix } from '../contract/bucket.ts';
import {
  BUNDLE_DAYS,
  MAX_RECEIVES,
  ONLINE_DAYS,
  QUEUES,
  type QueueName,
  RETENTION_DAYS,
  WORK_DAYS,
} from '../contract/limits.ts';

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
   * Days after which scores and rejected rows are deleted, counted from when they were written.
   * @default they are kept for ever
   */
  readonly scoresDays?: number;
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
    const { bucketName, encryptionKey, scoresDays, removalPolicy = RemovalPolicy.RETAIN } = props;
    this.encryptionKey = encryptionKey;
    this.bucket = new Bucket(this, 'Bucket', {
      ...(bucketName !== undefined && { bucketName }),
      versioned: true,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      ...(encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      lifecycleRules: lifecycleRules(scoresDays),
      removalPolicy,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Access logs would cost as much as the requests and need a second bucket; CloudTrail data events do it better',
    });
    this.arrivals = queuePair(this, 'Arrivals', { name: 'arrivals', encryptionKey });
    this.shards = queuePair(this, 'Shards', { name: 'shards', encryptionKey });
    this.notifyOfCandidates(bucketName);
  }

  // Plain CloudFormation: CDK's own notifications bring a function of their own, which writes the bucket's
  // configuration.
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
    const rules = [{ name: 'prefix', value: PREFIXES.candidates }];
    bucket.notificationConfiguration = {
      queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: queue.queueArn, filter: { s3Key: { rules } } }],
    };
    // S3 tries to send a test message at once.
    bucket.node.addDependency(queue);
  }
}

/** Makes a queue, and one for its dead letters. */
export function queuePair(
  scope: Construct,
  id: string,
  { name, encryptionKey }: { readonly name: QueueName; readonly encryptionKey: IKey | undefined },
): QueuePair {
  const common = {
    enforceSSL: true,
    ...(encryptionKey === undefined
      ? { encryption: QueueEncryption.SQS_MANAGED }
      : { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
  };
  // A dead letter keeps the age it had: it needs more time than the queue that it comes from.
  const dead = new Queue(scope, `${id}Dead`, {
    ...common,
    retentionPeriod: Duration.days(RETENTION_DAYS.deadLetters),
  });
  const queue = new Queue(scope, id, {
    ...common,
    retentionPeriod: Duration.days(RETENTION_DAYS.messages),
    visibilityTimeout: Duration.seconds(QUEUES[name].visibilitySeconds),
    deadLetterQueue: { queue: dead, maxReceiveCount: MAX_RECEIVES },
  });
  return { queue, dead };
}

interface Lifetime {
  /** Id of the rule in the bucket's configuration. */
  readonly id: string;
  /** Days after which an object is deleted. @default never */
  readonly days?: number;
  /** Days that a version is kept once it was replaced or deleted. */
  readonly noncurrentDays: number;
}

/**
 * How long objects are kept, for every prefix of the layout; `null` where old versions are kept for ever: plans pin the
 * versions of feature tables, and logs and declarations are the users' own.
 */
const LIFETIMES: Readonly<Record<Prefix, Lifetime | null>> = {
  [PREFIXES.work]: { id: 'Work', days: WORK_DAYS, noncurrentDays: 7 },
  [PREFIXES.candidates]: { id: 'Candidates', noncurrentDays: 30 },
  [PREFIXES.scores]: { id: 'Old-scores', noncurrentDays: 7 },
  [PREFIXES.rejects]: { id: 'Old-rejects', noncurrentDays: 7 },
  [PREFIXES.models]: { id: 'Old-models', noncurrentDays: 7 },
  [PREFIXES.failed]: { id: 'Old-failed', noncurrentDays: 7 },
  [PREFIXES.state]: { id: 'Old-_state', noncurrentDays: 7 },
  [PREFIXES.monitoring]: { id: 'Old-monitoring', noncurrentDays: 7 },
  // Each is written again every minute; monitoring keeps their sums in its history.
  [PREFIXES.online]: { id: 'Online', days: ONLINE_DAYS, noncurrentDays: 1 },
  [PREFIXES.events]: { id: 'Events', days: WORK_DAYS, noncurrentDays: 1 },
  [PREFIXES.training]: { id: 'Old-_training', noncurrentDays: 7 },
  // Checkpoints replace each other every ten minutes.
  [PREFIXES.bundles]: { id: 'Bundles', days: BUNDLE_DAYS, noncurrentDays: 1 },
  [PREFIXES.features]: null,
  [PREFIXES.data]: null,
  [PREFIXES.declarations]: null,
};

/** What `scoresDays` is for: what was made of a candidate file. */
const SCORED: readonly string[] = [PREFIXES.scores, PREFIXES.rejects];

/**
 * One rule for each prefix: S3's rules cannot say "all but".
 * @throws {Error} where the number of days is none that S3 takes.
 */
function lifecycleRules(scoresDays: number | undefined): LifecycleRule[] {
  if (scoresDays !== undefined && !(Number.isInteger(scoresDays) && scoresDays >= 1))
    throw new Error(`scoresDays must be a whole number of at least 1, got ${scoresDays}`);
  const rules = Object.entries(LIFETIMES).flatMap(([prefix, lifetime]): LifecycleRule[] => {
    if (lifetime === null) return [];
    const { id, noncurrentDays } = lifetime;
    const days = SCORED.includes(prefix) ? scoresDays : lifetime.days;
    const expiration = days === undefined ? {} : { expiration: Duration.days(days) };
    return [{ id, prefix, ...expiration, noncurrentVersionExpiration: Duration.days(noncurrentDays) }];
  });
  return [
    { id: 'Uploads', abortIncompleteMultipartUploadAfter: Duration.days(2) },
    { id: 'DeleteMarkers', expiredObjectDeleteMarker: true },
    ...rules,
  ];
}

// The name itself would make a circle: the bucket needs the queue's policy first.
function generatedNameStart(scope: Construct): string {
  const { stackName } = Stack.of(scope);
  if (Token.isUnresolved(stackName))
    throw new Error('bucketName is missing: a nested stack has no name to derive it from');
  return stackName.toLowerCase().slice(0, KEPT_CHARACTERS);
}
