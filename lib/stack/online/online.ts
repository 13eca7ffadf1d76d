import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  Architecture,
  Code,
  type FunctionUrl,
  FunctionUrlAuthType,
  type Function as LambdaFunction,
} from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FUNCTION_MEMORY_MIB, FUNCTION_SCRATCH_MIB } from '../../contract/limits.ts';
import type { Data } from '../bucket-and-queues.ts';
import { assetFolder, type ScoringProps } from '../scoring.ts';
import { ScoringFunction } from '../scoring-function.ts';

export interface OnlineProps extends Pick<ScoringProps, 'modelName' | 'assetFolder' | 'architecture' | 'logRetention'> {
  /**
   * Memory of the function, which also sets its processors. A third of it may hold feature tables.
   * @default 3008, the most that new accounts are given
   */
  readonly onlineMemoryMiB?: number;
}

/** The first request of an environment also opens the model and its feature tables. */
const TIMEOUT_SECONDS = 60;

/**
 * Scores single requests: a function with a URL, which only callers that IAM allows may call. Whoever calls needs
 * `lambda:InvokeFunctionUrl` on the function; nobody is given it here.
 */
export class Online extends Construct {
  readonly function: LambdaFunction;
  readonly url: FunctionUrl;

  constructor(scope: Construct, id: string, data: Data, props: OnlineProps) {
    super(scope, id);
    const { architecture = Architecture.X86_64, onlineMemoryMiB = FUNCTION_MEMORY_MIB.default, modelName } = props;
    const { bucket, arrivals, shards, encryptionKey } = data;
    const queues = {
      arrivals: arrivals.queue,
      arrivalsDead: arrivals.dead,
      shards: shards.queue,
      shardsDead: shards.dead,
    };
    this.function = new ScoringFunction(this, 'Online', {
      role: 'online',
      entry: 'online',
      resources: { bucket, queues, encryptionKey },
      code: Code.fromAsset(assetFolder(props.assetFolder, architecture)),
      architecture,
      memoryMiB: onlineMemoryMiB,
      scratchMiB: FUNCTION_SCRATCH_MIB,
      timeout: Duration.seconds(TIMEOUT_SECONDS),
      environment: {
        BUCKET: `s3://${bucket.bucketName}`,
        MODEL_NAME: modelName,
        POWERTOOLS_SERVICE_NAME: `${Stack.of(this).stackName}-${modelName}-online`,
        TABLE_MEMORY_MIB: String(Math.floor(onlineMemoryMiB / 3)),
      },
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    }).function;
    this.url = this.function.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
  }
}
