import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { Architecture, Code, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  FUNCTION_MEMORY_MIB,
  FUNCTION_SCRATCH_MIB,
  FUNCTION_TIMEOUT_SECONDS,
  MAX_CONCURRENCY,
  QUEUES,
  RECONCILE_SECONDS,
  RESEND_AFTER_VISIBILITIES,
} from '../contract/limits.ts';
import type { Data } from './bucket-and-queues.ts';
import { EVENT_BUS } from './grants.ts';
import { functionSecond, PRICES } from './prices.ts';
import { ScoringFunction } from './scoring-function.ts';

export interface ScoringProps {
  /** Name of the model, as its declaration has it. */
  readonly modelName: string;
  /**
   * Folder that `entirespace build-lambda` made.
   * @default .entirespace/lambda-x64, or -arm64, in the working directory
   */
  readonly assetFolder?: string;
  /**
   * Processor of the functions. On arm64 onnxruntime has not been proven.
   * @default Architecture.X86_64
   */
  readonly architecture?: Architecture;
  /**
   * Memory of the functions that plan and score, which also sets their processors: 1,769 MiB have one.
   * @default 3008, the most that new accounts are given
   */
  readonly memoryMiB?: number;
  /**
   * Scratch disk of both, in MiB: room for what a shard needs of its file and what is written from it.
   * @default 4096
   */
  readonly scratchMiB?: number;
  /**
   * Time that an invocation may take, two to five minutes. A shard is cut for one.
   * @default 5 minutes
   */
  readonly timeout?: Duration;
  /**
   * Shards that are scored at the same time, 2 to 1000; as many files are planned, small ones scored in the same go.
   * @default 10
   */
  readonly maxConcurrency?: number;
  /**
   * How long log lines are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}

/** The functions, in the order in which a file meets them. */
export interface ScoringFunctions {
  readonly planShards: LambdaFunction;
  readonly scoreShard: LambdaFunction;
  readonly reconcile: LambdaFunction;
}

const RECONCILE_MEMORY_MIB = 256;
// Lambda's least.
const RECONCILE_SCRATCH_MIB = 512;

/** Plans candidate files, scores their shards and, on a schedule, ends what no message will end. */
export class Scoring extends Construct {
  readonly functions: ScoringFunctions;
  readonly memoryMiB: number;
  readonly architecture: Architecture;
  /** Name of the deployment in its logs and metrics. */
  readonly serviceName: string;
  /** Price of a second of the functions that plan and score. */
  readonly usdPerSecond: number;

  constructor(scope: Construct, id: string, data: Data, props: ScoringProps) {
    super(scope, id);
    const { architecture = Architecture.X86_64, scratchMiB = FUNCTION_SCRATCH_MIB } = props;
    const { timeout = Duration.seconds(FUNCTION_TIMEOUT_SECONDS.default) } = props;
    const { memoryMiB = FUNCTION_MEMORY_MIB.default, maxConcurrency = MAX_CONCURRENCY } = props;
    checkTimeout(timeout);
    this.serviceName = `${Stack.of(this).stackName}-${props.modelName}`;
    this.architecture = architecture;
    this.memoryMiB = memoryMiB;
    this.usdPerSecond = functionSecond({ memoryMiB, scratchMiB, arch: archName(architecture) });
    const code = Code.fromAsset(assetFolder(props.assetFolder, architecture));
    const { bucket, arrivals, shards, encryptionKey } = data;
    const queues = {
      arrivals: arrivals.queue,
      arrivalsDead: arrivals.dead,
      shards: shards.queue,
      shardsDead: shards.dead,
    };
    const common = {
      code,
      architecture,
      timeout,
      resources: { bucket, queues, encryptionKey },
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    };
    const environment = {
      BUCKET: `s3://${bucket.bucketName}`,
      MODEL_NAME: props.modelName,
      POWERTOOLS_SERVICE_NAME: this.serviceName,
      ARRIVALS_URL: queues.arrivals.queueUrl,
      ARRIVALS_DEAD_URL: queues.arrivalsDead.queueUrl,
      SHARDS_URL: queues.shards.queueUrl,
      SHARDS_DEAD_URL: queues.shardsDead.queueUrl,
      EVENT_BUS,
      USD_PER_SECOND: String(this.usdPerSecond),
      PRICES: `list prices of Lambda, ${PRICES.region}, ${PRICES.asOf}`,
      // A shard whose function was killed comes back by itself within the visibility timeout.
      RESEND_AFTER_SECONDS: String(RESEND_AFTER_VISIBILITIES * QUEUES.shards.visibilitySeconds),
    };
    const make = (role: keyof ScoringFunctions, entry: string, memoryMiB: number, scratch = scratchMiB) =>
      new ScoringFunction(this, pascalCase(role), {
        ...common,
        environment,
        role,
        entry,
        memoryMiB,
        scratchMiB: scratch,
      }).function;
    this.functions = {
      planShards: make('planShards', 'plan-shards', memoryMiB),
      scoreShard: make('scoreShard', 'score-shard', memoryMiB),
      reconcile: make('reconcile', 'reconcile', RECONCILE_MEMORY_MIB, RECONCILE_SCRATCH_MIB),
    };
    this.drive(data, maxConcurrency);
  }

  /** Connects the functions to what calls them. */
  private drive({ arrivals, shards }: Data, maxConcurrency: number): void {
    const source = { reportBatchItemFailures: true };
    this.functions.planShards.addEventSource(
      new SqsEventSource(arrivals.queue, { ...source, batchSize: QUEUES.arrivals.batchSize, maxConcurrency }),
    );
    this.functions.scoreShard.addEventSource(
      new SqsEventSource(shards.queue, { ...source, batchSize: QUEUES.shards.batchSize, maxConcurrency }),
    );
    new Rule(this, 'ReconcileSchedule', {
      schedule: Schedule.rate(Duration.seconds(RECONCILE_SECONDS)),
      targets: [new LambdaTarget(this.functions.reconcile, { retryAttempts: 0 })],
    });
  }
}

function checkTimeout(timeout: Duration): void {
  const seconds = timeout.toSeconds();
  const { least, most } = FUNCTION_TIMEOUT_SECONDS;
  if (seconds < least || seconds > most)
    throw new Error(
      `timeout must be ${least} to ${most} s, a sixth of the time for which a message is invisible, got ${seconds} s`,
    );
}

/**
 * Returns the path of the functions' asset.
 * @throws {Error} if it has not been built.
 */
export function assetFolder(folder: string | undefined, architecture: Architecture): string {
  const arch = archName(architecture);
  const path = resolve(folder ?? `.entirespace/lambda-${arch}`);
  if (!existsSync(path))
    throw new Error(`lambda asset ${path} does not exist: run npx entirespace build-lambda --arch ${arch}`);
  return path;
}

function archName({ name }: Architecture): 'x64' | 'arm64' {
  return name === Architecture.ARM_64.name ? 'arm64' : 'x64';
}

function pascalCase(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
