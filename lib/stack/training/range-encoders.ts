import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Architecture, Code } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FUNCTION_MEMORY_MIB, FUNCTION_SCRATCH_MIB, FUNCTION_TIMEOUT_SECONDS, QUEUES } from '../../contract/limits.ts';
import { type Data, type QueuePair, queuePair } from '../bucket-and-queues.ts';
import { resourcesOf } from '../grants.ts';
import { assetFolder, type ScoringProps } from '../scoring.ts';
import { ScoringFunction } from '../scoring-function.ts';

/** Functions of the same asset, memory and scratch disk as those that score. */
type FunctionProps = Pick<ScoringProps, 'assetFolder' | 'architecture' | 'memoryMiB' | 'scratchMiB' | 'logRetention'>;

export interface EncoderProps extends FunctionProps {
  /**
   * Functions that encode the rows of an export at the same time, 2 to 1000; 0 for none: the task that exports encodes by
   * processes of its own.
   * @default 0
   */
  readonly encoders?: number;
}

interface RangeEncodersProps extends EncoderProps {
  readonly modelName: string;
  readonly encoders: number;
}

/** A queue of ranges of a log, and the function that encodes them. */
export class RangeEncoders extends Construct {
  readonly ranges: QueuePair;

  constructor(scope: Construct, id: string, data: Data, props: RangeEncodersProps) {
    super(scope, id);
    const { modelName, encoders, architecture = Architecture.X86_64 } = props;
    const { memoryMiB = FUNCTION_MEMORY_MIB.default, scratchMiB = FUNCTION_SCRATCH_MIB } = props;
    if (!Number.isInteger(encoders) || encoders < 2 || encoders > 1000)
      throw new Error(`encoders must be 0, or 2 to 1000, got ${encoders}`);
    this.ranges = queuePair(this, 'Ranges', { name: 'ranges', encryptionKey: data.encryptionKey });
    const { queue } = this.ranges;
    const encodeRange = new ScoringFunction(this, 'EncodeRange', {
      role: 'encodeRange',
      entry: 'encode-range',
      resources: resourcesOf(data, this.ranges),
      code: Code.fromAsset(assetFolder(props.assetFolder, architecture)),
      architecture,
      memoryMiB,
      scratchMiB,
      timeout: Duration.seconds(FUNCTION_TIMEOUT_SECONDS.default),
      environment: {
        BUCKET: `s3://${data.bucket.bucketName}`,
        RANGES_URL: queue.queueUrl,
        POWERTOOLS_SERVICE_NAME: `${Stack.of(this).stackName}-${modelName}`,
      },
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    encodeRange.function.addEventSource(
      new SqsEventSource(queue, {
        reportBatchItemFailures: true,
        batchSize: QUEUES.ranges.batchSize,
        maxConcurrency: encoders,
      }),
    );
  }
}
