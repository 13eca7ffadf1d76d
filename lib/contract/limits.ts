/**
 * Sizes and times that several rooms must agree on: the code that works within them, and the stack that is deployed
 * with them. Limits of one file alone stand in that file.
 */

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Rows of a shard, the unit of work and of loss: well under a minute, and a part under 64 MiB. */
export const SHARD_ROWS = 500_000;

/**
 * Rows up to which a file is planned, scored and finished in one go. A batch of arrivals of that size takes half a
 * minute one after the other at 40,000 rows a second; larger files are faster side by side, and worth a message and a
 * part of their own.
 */
export const ONE_GO_ROWS = 100_000;

/** Time that a shard is sized for. One that is begun later than that before the invocation's end would be cut off. */
export const SHARD_SECONDS = 60;

/** UTF-8 bytes of a candidate key: leaves room, within S3's 1,024, for what is added below `scores/` and `rejects/`. */
export const MAX_CANDIDATE_KEY_BYTES = 900;

/** Bytes of a candidate file that one shard may need on the scratch disk. */
export const MAX_SHARD_BYTES = GIB;

/** Uncompressed bytes of a gzip file, which one function reads from its beginning and cuts within its time. */
export const MAX_UNZIPPED_BYTES = 4 * GIB;

/**
 * Bytes of a CSV file that a function plans: it finds the cuts in one scan, at 70 MiB a second on two busy cores. It
 * must not be cut off itself, or the file would be tried for hours, and then fail without a reason.
 */
export const MAX_FUNCTION_CSV_BYTES = 8 * GIB;

/** Bytes of a feature table up to which all of it is copied to the scratch disk, and kept for the next shards. */
export const WHOLE_TABLE_BYTES = 128 * MIB;

/** The two queues of scoring. */
export const QUEUES = {
  arrivals: {
    /** Messages that a function is given at a time. */
    batchSize: 10,
    /** Time for which a received message is nobody else's: six times the longest function timeout, as AWS advises. */
    visibilitySeconds: 1_800,
  },
  shards: {
    batchSize: 1,
    visibilitySeconds: 1_800,
  },
} as const;

export type QueueName = keyof typeof QUEUES;

/** Receives after which a message that fails again becomes a dead letter. */
export const MAX_RECEIVES = 5;

/** Days that messages are kept. A dead letter keeps the age it had, so that its queue must keep it longer. */
export const RETENTION_DAYS = { messages: 4, deadLetters: 14 } as const;

/** Time until a failed message is tried again: the first, then twice as long each time, up to the longest. */
export const RETRY_SECONDS = { first: 30, longest: 900 } as const;

/** Visibility timeouts after which the missing shards of an open plan are sent again. */
export const RESEND_AFTER_VISIBILITIES = 1.5;

/** Time from one reconciliation to the next. */
export const RECONCILE_SECONDS = 900;

/** Time that an invocation of a function may take; AWS advises at most a sixth of a queue's visibility timeout. */
export const FUNCTION_TIMEOUT_SECONDS = {
  least: 120,
  default: 300,
  most: Math.min(QUEUES.arrivals.visibilitySeconds, QUEUES.shards.visibilitySeconds) / 6,
} as const;

/** Memory of a Lambda function; the default is the most that new accounts are given. */
export const FUNCTION_MEMORY_MIB = { least: 128, default: 3_008, most: 10_240 } as const;

/** Scratch disk of the functions that plan and score. */
export const FUNCTION_SCRATCH_MIB = 4_096;

/** Shards that are scored at the same time; as many files are planned. */
export const MAX_CONCURRENCY = 10;

/** Bytes of the functions' asset: Lambda's limit unzipped; zipped, what starts without a noticeable delay. */
export const ASSET_BYTES = { unzipped: 250 * MIB, zipped: 60 * MIB } as const;

/** Processors (1,024 units to a vCPU), memory and scratch disk of the training task. */
export const TRAINING_TASK = { cpu: 4_096, memoryMiB: 16_384, scratchGiB: 50 } as const;

/** What a training run takes where its environment does not say otherwise. */
export const TRAINING_DEFAULTS = {
  /** Days of data to train on. */
  windowDays: 30,
  /** Minutes of training that are lost at most where a task is killed. */
  checkpointMinutes: 10,
  /** Time until another run takes over from one that is silent. */
  leaseSeconds: 180,
} as const;
