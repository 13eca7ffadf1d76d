/**
 * List prices of AWS, and the cost of scoring by them: us-east-1, in USD, without the free tier, as of November 2026.
 * Each price names the page that it was compared with; most of these are guides by third parties, up to two years old.
 * Prices marked "unverified" were compared with nothing. Prices change and other regions differ: look at the AWS
 * pricing pages before you rely on them.
 */

import { SCORING_METRICS } from '../contract/cloudwatch-metrics.ts';
import {
  FUNCTION_MEMORY_MIB,
  FUNCTION_SCRATCH_MIB,
  ONE_GO_ROWS,
  QUEUES,
  RECONCILE_SECONDS,
  SHARD_ROWS,
} from '../contract/limits.ts';
import { RATES } from './rates.ts';

export const PRICES = {
  region: 'us-east-1',
  asOf: '2026-11',
  lambda: {
    /** Per GB of memory and second: cloudchipr.com/blog/aws-lambda-pricing (2024). */
    gbSecond: { x64: 0.0000166667, arm64: 0.0000133334 },
    /** Per GB of scratch disk above 512 MB and second: unverified. */
    scratchGbSecond: 0.0000000309,
    /** Unverified. */
    request: 0.2 / 1e6,
  },
  s3: {
    /** PUT, COPY, LIST: c3x.dev/blog/s3-request-fees-explained. A DELETE is free. */
    write: 0.005 / 1e3,
    /** GET, HEAD: the same page. */
    read: 0.0004 / 1e3,
    /** Unverified. */
    gbMonth: 0.023,
  },
  /** Per request of up to 64 KiB, be it send, receive or delete: cloudburn.io/blog/amazon-sqs-pricing (March 2026). */
  sqs: { request: 0.4 / 1e6 },
  cloudWatch: {
    /** factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards (June 2026). */
    logGb: 0.5,
    /** signoz.io/guides/cloudwatch-pricing (February 2026). */
    metricMonth: 0.3,
    /** Per metric of the alarm: unverified. */
    alarmMonth: 0.1,
    /** As `logGb`. */
    dashboardMonth: 3,
  },
  /** aws.amazon.com/kms/pricing. */
  kms: { keyMonth: 1 },
  /** Linux on x86: wring.co/blog/aws-fargate-pricing-guide (March 2026), vantage.sh/blog/fargate-pricing. */
  fargate: {
    vcpuHour: 0.04048,
    gbHour: 0.004445,
    /** Share of that price for spare capacity; it varies between these, 50 to 70% off (fortem.dev/fargate-spot). */
    spotShare: { least: 0.3, most: 0.5 },
  },
  /**
   * An hour on demand of instances with a GPU, Linux: factualminds' guide has 1.006 for g5.xlarge (June 2026); these two
   * are unverified, as is the disk. Spot is cheaper by a share that changes by the hour.
   */
  ec2: { hour: { 'g6.2xlarge': 0.978, 'g5.2xlarge': 1.212 }, ebsGbMonth: 0.08 },
  /** Per invocation: cloudburn.io/blog/amazon-eventbridge-pricing (March 2026). */
  scheduler: { invocation: 1 / 1e6 },
  /** An event of one's own of up to 64 KiB: unverified. */
  eventBridge: { event: 1 / 1e6 },
  /** A transition of a standard workflow: aws.amazon.com/step-functions/pricing. */
  stepFunctions: { transition: 0.025 / 1e3 },
} as const;

export interface ScoringSize {
  readonly rows: number;
  readonly files: number;
  /** Rows that one function scores in a second, encoding and files included; the dashboard shows yours. */
  readonly rowsPerSecond: number;
  /** @default 3008 */
  readonly memoryMiB?: number;
  /** @default 4096 */
  readonly scratchMiB?: number;
  /** @default x64 */
  readonly arch?: 'x64' | 'arm64';
  /** @default 500,000 */
  readonly shardRows?: number;
}

/** USD, by service. */
export interface Cost {
  readonly lambda: number;
  readonly s3: number;
  readonly sqs: number;
  /** Of EventBridge: one for each file. */
  readonly events: number;
  readonly logs: number;
  readonly total: number;
}

/** Requests of S3 that the work on the rows makes, in addition to those of the protocol. */
export const AROUND = {
  /** Which version is current, by the file. */
  model: 1,
  /** The whole of a small file, once for its plan and once for its scores. */
  smallSource: 2,
  /** First and last bytes of a larger one. */
  planSource: 2,
  /** Ranges of a shard's column chunks, 8 MiB each: some 20 columns of 500,000 rows. */
  shardSource: 6,
} as const;

/**
 * Requests of S3 for a new file in its two classes of price, with those around the protocol
 * (test/scoring/protocol/requests.test.ts lists each with its reason). A small file is planned, scored and finished in
 * one go; of others the plan and the end are paid by the file, the scores by the shard, with rejects and a receipt for
 * each.
 */
export const REQUESTS = {
  smallFile: { write: 7, read: 7 },
  file: { write: 5, read: 8 },
  shard: { write: 5, read: 10 },
} as const;

// Send, receive, delete.
const MESSAGE_REQUESTS = 3;
const LOG_BYTES_PER_MESSAGE = 4_000;

/** USD of a second of a function, without its requests. */
export function functionSecond({
  memoryMiB,
  scratchMiB,
  arch,
}: Required<Pick<ScoringSize, 'memoryMiB' | 'scratchMiB' | 'arch'>>): number {
  const scratchGb = Math.max(0, scratchMiB - 512) / 1024;
  return (memoryMiB / 1024) * PRICES.lambda.gbSecond[arch] + scratchGb * PRICES.lambda.scratchGbSecond;
}

/** Returns the cost of scoring this number of rows, without storage and without the cost of an idle stack. */
export function costOfRows(size: ScoringSize): Cost {
  const { rows, files, rowsPerSecond, arch = 'x64' } = size;
  const { memoryMiB = FUNCTION_MEMORY_MIB.default, scratchMiB = FUNCTION_SCRATCH_MIB } = size;
  const { shards, isSmall } = shardsOf(size);
  const messages = isSmall ? files : shards + files;
  const seconds = rows / rowsPerSecond + files * RATES.secondsPerFile;
  const lambda = seconds * functionSecond({ memoryMiB, scratchMiB, arch }) + messages * PRICES.lambda.request;
  const requests = (kind: 'write' | 'read') =>
    isSmall ? files * REQUESTS.smallFile[kind] : files * REQUESTS.file[kind] + shards * REQUESTS.shard[kind];
  const s3 = requests('write') * PRICES.s3.write + requests('read') * PRICES.s3.read;
  const sqs = messages * MESSAGE_REQUESTS * PRICES.sqs.request;
  const logs = ((messages * LOG_BYTES_PER_MESSAGE) / 1e9) * PRICES.cloudWatch.logGb;
  const events = files * PRICES.eventBridge.event;
  return { lambda, s3, sqs, events, logs, total: lambda + s3 + sqs + events + logs };
}

/** Size of a training task. */
export interface TaskSize {
  /** 1024 are one vCPU. */
  readonly cpu: number;
  readonly memoryMiB: number;
}

/** USD of an hour of a Fargate task on demand; on Spot it is `PRICES.fargate.spotShare` of that. */
export function taskHour({ cpu, memoryMiB }: TaskSize): number {
  const { vcpuHour, gbHour } = PRICES.fargate;
  return (cpu / 1024) * vcpuHour + (memoryMiB / 1024) * gbHour;
}

/** USD of a run's start: the schedule, and the machine's states up to an announcement. */
export function costOfStart(): number {
  const STATES = 4;
  return PRICES.scheduler.invocation + STATES * PRICES.stepFunctions.transition;
}

type Limit = 'shards at a time' | 'start of functions' | 'S3 writes under a prefix';

/** The limits on the speed of scoring, and the seconds that the rows would take by each limit alone. */
export interface ScoringTime {
  readonly seconds: number;
  /** The limit that binds first. */
  readonly binding: Limit;
  readonly limits: Readonly<Record<Limit, number>>;
}

/**
 * Requests a second that S3 serves under one prefix, before it divides it
 * (repost.aws/knowledge-center/s3-object-key-naming-pattern).
 */
const S3_WRITES_PER_SECOND = 3_500;

/**
 * Returns the shortest time in which this number of rows can be scored, with `concurrency` functions at the same time.
 * An account's own limit on them is 1,000 unless AWS has raised it, and lower for a new account.
 */
export function timeOfRows(size: ScoringSize, concurrency: number): ScoringTime {
  const { shards, isSmall } = shardsOf(size);
  const work = size.rows / size.rowsPerSecond + size.files * RATES.secondsPerFile;
  // Small files of one batch are handled one after the other.
  const tasks = isSmall ? Math.ceil(size.files / QUEUES.arrivals.batchSize) : shards;
  const writes = isSmall
    ? size.files * REQUESTS.smallFile.write
    : size.files * REQUESTS.file.write + shards * REQUESTS.shard.write;
  const limits: Record<Limit, number> = {
    'shards at a time': work / Math.min(concurrency, Math.max(tasks, 1)),
    'start of functions': secondsOfStart(work),
    'S3 writes under a prefix': writes / S3_WRITES_PER_SECOND,
  };
  const [binding] = (Object.keys(limits) as Limit[]).sort((a, b) => limits[b] - limits[a]) as [Limit];
  return { seconds: limits[binding], binding, limits };
}

/**
 * Seconds until that many seconds of work are done by as many functions as have been started: a queue starts five, and
 * five more each second (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
 */
function secondsOfStart(work: number): number {
  // 5 t + 5 t² / 2 = work
  return Math.sqrt(1 + work / 2.5) - 1;
}

function shardsOf({ rows, files, shardRows = SHARD_ROWS }: ScoringSize): { shards: number; isSmall: boolean } {
  const shards = Math.max(files, Math.ceil(rows / shardRows));
  return { shards, isSmall: rows <= ONE_GO_ROWS * files };
}

/** A template's part that costs something while nothing is scored. */
export interface IdleItem {
  readonly what: string;
  readonly perMonth: number;
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

// Five pollers of an event source, each with a long poll of 20 seconds.
const POLLS_PER_MONTH = 5 * 3 * 60 * 24 * 30;
const RECONCILES_PER_MONTH = (30 * 86_400) / RECONCILE_SECONDS;
const SECONDS_OF_RECONCILE = 2;
const RECONCILE_GB = 0.25;
// Lists of the work folder and of kept events, and looks at two queues.
const RECONCILE_REQUESTS = { write: 5, sqs: 2 };

/**
 * What the resources of a template cost in a month in which nothing arrives. Types that are not listed cost nothing
 * then.
 */
export function idleCost({ Resources }: Template): IdleItem[] {
  const { cloudWatch, lambda, sqs, s3, kms } = PRICES;
  const resources = Object.values(Resources);
  const count = (type: string) => resources.filter(({ Type }) => Type === type).length;
  const runs = count('AWS::Events::Rule') * RECONCILES_PER_MONTH;
  const reconcile =
    SECONDS_OF_RECONCILE * RECONCILE_GB * lambda.gbSecond.x64 +
    lambda.request +
    RECONCILE_REQUESTS.write * s3.write +
    RECONCILE_REQUESTS.sqs * sqs.request;
  const items = [
    { what: 'dashboard', perMonth: count('AWS::CloudWatch::Dashboard') * cloudWatch.dashboardMonth },
    { what: 'alarms', perMonth: alarmMetrics(resources) * cloudWatch.alarmMonth },
    {
      what: 'metrics of its own',
      perMonth: runs > 0 ? Object.keys(SCORING_METRICS).length * cloudWatch.metricMonth : 0,
    },
    {
      what: 'polling of the queues',
      perMonth: count('AWS::Lambda::EventSourceMapping') * POLLS_PER_MONTH * sqs.request,
    },
    { what: 'reconcile, every 15 minutes', perMonth: runs * reconcile },
    { what: 'customer key', perMonth: count('AWS::KMS::Key') * kms.keyMonth },
  ];
  return items.filter(({ perMonth }) => perMonth > 0);
}

/** An alarm over an expression is charged for each metric in it. */
function alarmMetrics(resources: readonly Template['Resources'][string][]): number {
  return resources
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties = {} }) => {
      const metrics = Properties.Metrics;
      return Array.isArray(metrics) ? metrics.filter((metric) => 'MetricStat' in metric).length : 1;
    })
    .reduce((sum, number) => sum + number, 0);
}
