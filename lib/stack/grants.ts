/** Who may do what: one table, from which the roles' statements are made. Nothing else gives a function a right. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { PREFIXES, type Prefix } from '../contract/bucket.ts';
import type { QueueName } from '../contract/limits.ts';

export type RoleName = 'planShards' | 'scoreShard' | 'reconcile' | 'trainer';

type BucketAction = 'read' | 'write' | 'delete';
type QueueAction = 'send' | 'consume' | 'look';
type GrantedQueue = QueueName | `${QueueName}Dead`;

interface RoleGrants {
  /** Prefixes of the bucket's layout, by what may be done below them. */
  readonly prefixes: Readonly<Record<BucketAction, readonly Prefix[]>>;
  readonly queues: Partial<Readonly<Record<GrantedQueue, QueueAction>>>;
}

const { candidates, scores, rejects, failed, models, features, data, declarations, work, state, training } = PREFIXES;

// What the last step of a file does, in whichever function it is made: decide, publish, withdraw what it replaces.
const FINISH: RoleGrants['prefixes'] = {
  read: [work, state, scores],
  write: [work, state, scores],
  delete: [scores],
};

export const GRANTS: Readonly<Record<RoleName, RoleGrants>> = {
  planShards: {
    prefixes: {
      read: [candidates, models, features, failed, ...FINISH.read],
      write: [failed, rejects, ...FINISH.write],
      delete: FINISH.delete,
    },
    queues: { arrivals: 'consume', shards: 'send' },
  },
  scoreShard: {
    prefixes: {
      read: [candidates, models, features, ...FINISH.read],
      write: [rejects, ...FINISH.write],
      delete: FINISH.delete,
    },
    queues: { shards: 'consume' },
  },
  reconcile: {
    prefixes: FINISH,
    queues: { shards: 'send', arrivalsDead: 'look', shardsDead: 'look' },
  },
  trainer: {
    prefixes: {
      read: [data, declarations, models, training],
      write: [models, training],
      // Checkpoints of a training that is over.
      delete: [training],
    },
    queues: {},
  },
};

const BUCKET_ACTIONS: Readonly<Record<BucketAction, readonly string[]>> = {
  // Files are read by version; a version's bytes need a right of their own.
  read: ['s3:GetObject', 's3:GetObjectVersion'],
  write: ['s3:PutObject', 's3:AbortMultipartUpload'],
  delete: ['s3:DeleteObject'],
};

const QUEUE_ACTIONS: Readonly<Record<QueueAction, readonly string[]>> = {
  send: ['sqs:SendMessage'],
  consume: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
  look: ['sqs:ReceiveMessage'],
};

export interface GrantedResources {
  readonly bucket: Bucket;
  readonly queues: Readonly<Record<GrantedQueue, IQueue>>;
  readonly encryptionKey: IKey | undefined;
}

/** The statements of a role's policy. */
export function statementsOf(role: RoleName, { bucket, queues, encryptionKey }: GrantedResources): PolicyStatement[] {
  const { prefixes, queues: queueGrants } = GRANTS[role];
  const statements = [
    // Without it S3 reports a missing key as 403 and not as 404. It knows no prefix there, so a condition on one would
    // fail.
    new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: [bucket.bucketArn] }),
    ...(['read', 'write', 'delete'] as const).map(
      (action) =>
        new PolicyStatement({
          actions: [...BUCKET_ACTIONS[action]],
          resources: prefixes[action].map((prefix) => bucket.arnForObjects(`${prefix}*`)),
        }),
    ),
    ...Object.entries(queueGrants).map(
      ([name, action]) =>
        new PolicyStatement({
          actions: [...QUEUE_ACTIONS[action]],
          resources: [queues[name as GrantedQueue].queueArn],
        }),
    ),
  ];
  if (encryptionKey !== undefined)
    statements.push(
      new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [encryptionKey.keyArn] }),
    );
  return statements;
}

/** Every prefix that a role has any right on. */
export function prefixesOf(role: RoleName): Prefix[] {
  return [...new Set(Object.values(GRANTS[role].prefixes).flat())];
}
