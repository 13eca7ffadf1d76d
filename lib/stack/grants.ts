/**
 * The permissions of the functions and of the tasks: one table, from which the IAM statements of their roles
 * are made. Nothing else grants them access to the bucket or to a queue.
 */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { PREFIXES, type Prefix } from '../contract/bucket.ts';
import type { QueueName } from '../contract/limits.ts';
import type { Data, QueuePair } from './bucket-and-queues.ts';

/** A function or a task; each has an IAM role of its own. */
export type RoleName =
  | 'planShards'
  | 'scoreShard'
  | 'reconcile'
  | 'online'
  | 'trainer'
  | 'bundler'
  | 'encodeRange'
  | 'gpuTrainer'
  | 'monitor';

/** The bus of EventBridge that events are sent to. */
export const EVENT_BUS = 'default';

type BucketAction = 'read' | 'write' | 'delete';
/** `look` receives messages without deleting them, `take` reads dead letters and deletes its own. */
type QueueAction = 'send' | 'consume' | 'look' | 'take';
/** A queue, or its queue of dead letters. */
type GrantedQueue = QueueName | `${QueueName}Dead`;

/** What one role may do. */
interface RoleGrants {
  /** Prefixes of keys in the bucket, by what the role may do with the objects below them. */
  readonly prefixes: Readonly<Record<BucketAction, readonly Prefix[]>>;
  readonly queues: Partial<Readonly<Record<GrantedQueue, QueueAction>>>;
  /** Whether it sends events. */
  readonly events?: boolean;
}

const {
  candidates,
  scores,
  rejects,
  failed,
  models,
  bundles,
  features,
  monitoring,
  online,
  data,
  events,
  declarations,
  work,
  state,
  training,
} = PREFIXES;

// For the last step of a file, which three functions can do: decide its outcome, publish that, delete what it replaces,
// and report it.
const FINISH: RoleGrants['prefixes'] = {
  read: [work, state, scores],
  write: [work, state, scores, events],
  delete: [scores],
};

/** What each role may do. */
export const GRANTS: Readonly<Record<RoleName, RoleGrants>> = {
  planShards: {
    prefixes: {
      read: [candidates, models, features, failed, ...FINISH.read],
      write: [failed, rejects, ...FINISH.write],
      delete: FINISH.delete,
    },
    queues: { arrivals: 'consume', shards: 'send' },
    events: true,
  },
  scoreShard: {
    prefixes: {
      read: [candidates, models, features, ...FINISH.read],
      write: [rejects, ...FINISH.write],
      delete: FINISH.delete,
    },
    queues: { shards: 'consume' },
    events: true,
  },
  reconcile: {
    prefixes: { ...FINISH, read: [...FINISH.read, events], delete: [...FINISH.delete, events] },
    queues: { shards: 'send', arrivalsDead: 'look', shardsDead: 'look' },
    events: true,
  },
  online: {
    prefixes: { read: [models, features, online], write: [online], delete: [] },
    queues: {},
  },
  trainer: {
    prefixes: {
      read: [data, declarations, models, monitoring, training],
      write: [models, training],
      // For checkpoints and records of a run that is over.
      delete: [training],
    },
    queues: {},
  },
  // The steps before and after a training on a GPU: a run, but for its checkpoints.
  bundler: {
    prefixes: {
      read: [data, declarations, models, monitoring, training, bundles],
      write: [models, training, bundles],
      delete: [training, bundles],
    },
    queues: { ranges: 'send', rangesDead: 'take' },
  },
  encodeRange: {
    prefixes: { read: [bundles], write: [bundles], delete: [] },
    queues: { ranges: 'consume' },
  },
  gpuTrainer: {
    // A checkpoint is removed once there are weights.
    prefixes: { read: [bundles, models, training], write: [bundles, training], delete: [bundles] },
    queues: {},
  },
  monitor: {
    prefixes: { read: [data, models, monitoring, online, scores], write: [monitoring], delete: [] },
    queues: {},
    events: true,
  },
};

const BUCKET_ACTIONS: Readonly<Record<BucketAction, readonly string[]>> = {
  // A candidate file is read by its S3 version, which needs an action of its own.
  read: ['s3:GetObject', 's3:GetObjectVersion'],
  write: ['s3:PutObject', 's3:AbortMultipartUpload'],
  delete: ['s3:DeleteObject'],
};

const QUEUE_ACTIONS: Readonly<Record<QueueAction, readonly string[]>> = {
  send: ['sqs:SendMessage'],
  consume: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
  look: ['sqs:ReceiveMessage'],
  take: ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
};

/** The bucket, queues and key that the statements name. */
export interface GrantedResources {
  readonly bucket: Bucket;
  /** Those that the stack has. */
  readonly queues: Readonly<Partial<Record<GrantedQueue, IQueue>>>;
  readonly encryptionKey: IKey | undefined;
}

/** Returns what the statements name of a stack. @param ranges the queue of ranges to encode, where it has one */
export function resourcesOf(
  { bucket, arrivals, shards, encryptionKey }: Data,
  ranges: QueuePair | null = null,
): GrantedResources {
  const queues = {
    arrivals: arrivals.queue,
    arrivalsDead: arrivals.dead,
    shards: shards.queue,
    shardsDead: shards.dead,
    ...(ranges && { ranges: ranges.queue, rangesDead: ranges.dead }),
  };
  return { bucket, queues, encryptionKey };
}

/** Returns the statements of a role's policy. */
export function statementsOf(role: RoleName, { bucket, queues, encryptionKey }: GrantedResources): PolicyStatement[] {
  const { prefixes, queues: queueGrants, events = false } = GRANTS[role];
  const statements = [
    // Without the right to list, S3 reports a missing key as 403 and not as 404. A read has no prefix that a condition
    // could name, so the right is for the whole bucket.
    new PolicyStatement({ actions: ['s3:ListBucket', 's3:ListBucketVersions'], resources: [bucket.bucketArn] }),
    ...(['read', 'write', 'delete'] as const)
      .filter((action) => prefixes[action].length > 0)
      .map(
        (action) =>
          new PolicyStatement({
            actions: [...BUCKET_ACTIONS[action]],
            resources: prefixes[action].map((prefix) => bucket.arnForObjects(`${prefix}*`)),
          }),
      ),
    ...Object.entries(queueGrants).flatMap(([name, action]) => {
      const queue = queues[name as GrantedQueue];
      if (queue === undefined) return [];
      return [new PolicyStatement({ actions: [...QUEUE_ACTIONS[action]], resources: [queue.queueArn] })];
    }),
  ];
  if (events) {
    const { partition, region, account } = bucket.stack;
    const bus = `arn:${partition}:events:${region}:${account}:event-bus/${EVENT_BUS}`;
    statements.push(new PolicyStatement({ actions: ['events:PutEvents'], resources: [bus] }));
  }
  if (encryptionKey !== undefined)
    statements.push(
      new PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [encryptionKey.keyArn] }),
    );
  return statements;
}

/** Returns every prefix that a role may read, write or delete below. */
export function prefixesOf(role: RoleName): Prefix[] {
  return [...new Set(Object.values(GRANTS[role].prefixes).flat())];
}
