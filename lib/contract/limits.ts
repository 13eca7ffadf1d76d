/**
 * Sizes and times that more than one part of the product depends on, mostly the scoring code and the AWS stack that is
 * deployed for it. A limit that only one file uses is defined in that file.
 */

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Most bytes of an embedding table with its optimizer's state: 2^32 numbers, the most of a Float32Array in Node.js 20. */
export const MOST_TABLE_BYTES = 16 * GIB;

/**
 * Rows of a shard, the piece of a candidate file that is scored at once and, after a failure, again. Scoring one takes
 * well under a minute, and its score part is smaller than 64 MiB.
 */
export const SHARD_ROWS = 500_000;

/**
 * Most rows of a file that the function which plans it also scores and finishes, without a message to the queue of
 * shards. A batch of 10 such files, one after the other, takes half a minute at 40,000 rows a second. Larger files are
 * scored faster side by side, which is worth a message for each.
 */
export const ONE_GO_ROWS = 100_000;

/**
 * Most time that scoring a shard takes. The function that plans a file scores it only if at least this much is left
 * until its timeout, which would otherwise interrupt it.
 */
export const SHARD_SECONDS = 60;

/** Most UTF-8 bytes of a candidate key. S3 allows 1,024; keys below `scores/` and `rejects/` are the longer ones. */
export const MAX_CANDIDATE_KEY_BYTES = 900;

/** Most bytes of a candidate file that are copied to the scratch disk to score one shard. */
export const MAX_SHARD_BYTES = GIB;

/**
 * Most uncompressed bytes of a gzip file. It can only be read from its beginning, so one function must unpack and cut
 * the whole file before its timeout.
 */
export const MAX_UNZIPPED_BYTES = 4 * GIB;

/**
 * Most bytes of a CSV file that a function plans. It finds the places to cut in one scan, at 70 MiB a second on two
 * busy cores. A scan that the timeout interrupted would be repeated for hours, and the file would fail without a
 * reason.
 */
export const MAX_FUNCTION_CSV_BYTES = 8 * GIB;

/** Most bytes of a feature table that is copied whole to the scratch disk and kept there for the next shards. */
export const WHOLE_TABLE_BYTES = 128 * MIB;

/**
 * Most rows of a file whose scores a function ranks. It reads all of them at once, and writes them again, before its
 * timeout.
 */
export const MAX_FUNCTION_RANKED_ROWS = 20_000_000;

/** The queues of scoring, `arrivals` of new candidate files and `shards` to score, and that of `ranges` to encode. */
export const QUEUES = {
  arrivals: {
    /** Most messages that an invocation receives. */
    batchSize: 10,
    /**
     * Time for which a received message is hidden from others: 6 times the longest function timeout, as AWS advises.
     */
    visibilitySeconds: 1_800,
  },
  shards: {
    batchSize: 1,
    visibilitySeconds: 1_800,
  },
  ranges: {
    batchSize: 1,
    visibilitySeconds: 1_800,
  },
} as const;

/** Name of a queue in `QUEUES`. */
export type QueueName = keyof typeof QUEUES;

/** Name of a queue of scoring. */
export type ScoringQueue = Exclude<QueueName, 'ranges'>;

/** Times that a message is received before it becomes a dead letter, if it fails each time. */
export const MAX_RECEIVES = 5;

/**
 * Days that the queues keep a message after it was sent. Becoming a dead letter does not make a message younger, so the
 * queues of dead letters keep theirs longer.
 */
export const RETENTION_DAYS = { messages: 4, deadLetters: 14 } as const;

/** Days that the records of scoring below `_work/` are kept in a bucket of the stack. */
export const WORK_DAYS = 30;

/** Days that the statistics of online requests are kept: monitoring has them in its history by then. */
export const ONLINE_DAYS = 60;

/** Time until a failed message is received again: `first`, then twice as long each time, at most `longest`. */
export const RETRY_SECONDS = { first: 30, longest: 900 } as const;

/** Time after which the missing shards of an unfinished file are sent again, in visibility timeouts of the queue. */
export const RESEND_AFTER_VISIBILITIES = 1.5;

/** Time for which a file in a folder must have stood still before `local --watch` takes it. */
export const STILL_SECONDS = 10;

/** Time from one reconciliation, the search for files that got stuck, to the next. */
export const RECONCILE_SECONDS = 900;

/** Timeout of an invocation of a function; AWS advises at most a sixth of a queue's visibility timeout. */
export const FUNCTION_TIMEOUT_SECONDS = {
  least: 120,
  default: 300,
  most: Math.min(QUEUES.arrivals.visibilitySeconds, QUEUES.shards.visibilitySeconds) / 6,
} as const;

/** Memory of a Lambda function. The default is the most that AWS allows to new accounts. */
export const FUNCTION_MEMORY_MIB = { least: 128, default: 3_008, most: 10_240 } as const;

/** Size of the scratch disk (`/tmp`) of the functions that plan and score. */
export const FUNCTION_SCRATCH_MIB = 4_096;

/** Most concurrent invocations of the function that scores shards, and as many of the function that plans files. */
export const MAX_CONCURRENCY = 10;

/**
 * Most bytes of the functions' asset, the archive of their code. Unzipped it is Lambda's limit; zipped it is a size
 * that starts without a noticeable delay.
 */
export const ASSET_BYTES = { unzipped: 250 * MIB, zipped: 60 * MIB } as const;

/** Days that a bundle is kept of a run that never ended. */
export const BUNDLE_DAYS = 14;

/** Size of the training task: processor units (1,024 to a vCPU), memory and scratch disk. */
export const TRAINING_TASK = { cpu: 4_096, memoryMiB: 16_384, scratchGiB: 50 } as const;

/** Size of the monitoring task, as `TRAINING_TASK`. */
export const MONITORING_TASK = { cpu: 2_048, memoryMiB: 8_192, scratchGiB: 50 } as const;

/**
 * Size of the training's machine with a GPU: instance types with 24 GB of GPU memory, 8 vCPUs and 32 GiB, of which the
 * container has what the instance's own programs leave.
 */
export const GPU_TASK = {
  instances: ['g6.2xlarge', 'g5.2xlarge'],
  memoryMiB: 28_672,
  gpus: 1,
  scratchGiB: 100,
} as const;

/** Rows that training holds in memory at once and draws its batches from; a batch cannot have more. */
export const WINDOW_ROWS = 524_288;

/** Settings of a training run that its environment does not set. */
export const TRAINING_DEFAULTS = {
  /** Days of data to train on. */
  windowDays: 30,
  /** Minutes between checkpoints, which is the training time that is lost at most if the task is killed. */
  checkpointMinutes: 10,
  /** Time for which a run that no longer renews its lease still keeps other runs of the model out. */
  leaseSeconds: 180,
} as const;
