import { Duration } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { TRAINING_DEFAULTS, TRAINING_TASK } from '../../contract/limits.ts';
import type { Data } from '../bucket-and-queues.ts';
import type { TaskImageProps } from '../tasks/fargate-task.ts';
import { ScheduledTask, type ScheduleProps } from '../tasks/scheduled-task.ts';
import type { TaskCluster } from '../tasks/task-cluster.ts';
import { GpuJobs, type GpuProps } from './gpu-jobs.ts';
import { type EncoderProps, RangeEncoders } from './range-encoders.ts';
import { trainingDefinition } from './training-definition.ts';

export interface TrainingProps extends TaskImageProps, ScheduleProps, GpuProps, EncoderProps {
  /** Name of the model; its declaration is `training/<name>/entirespace.yaml` in the bucket. */
  readonly modelName: string;
  /**
   * When to train, as `cron(minutes hours day month weekday year)` or `rate(1 day)`.
   * @default cron(0 3 * * ? *)
   */
  readonly trainingSchedule?: string;
  /**
   * Days of data to train on, up to the day before: partitions `data/dt=YYYY-MM-DD/`.
   * @default 30
   */
  readonly windowDays?: number;
  /**
   * Processor units of the task: 1024 are one vCPU.
   * @default 4096
   */
  readonly trainingCpu?: number;
  /**
   * Memory of the task, MiB. Half of it is for reading the log, the rest for the model.
   * @default 16384
   */
  readonly trainingMemoryMiB?: number;
  /**
   * Scratch disk of the task, GiB, 21 to 200: room for the window's files, three times: themselves, prepared and
   * encoded.
   * @default 50
   */
  readonly trainingScratchGiB?: number;
  /**
   * What is lost at most where a task is killed.
   * @default 10 minutes
   */
  readonly checkpointEvery?: Duration;
  /**
   * Whether training begins with the weights of the version in use.
   * @default false
   */
  readonly warmStart?: boolean;
  /**
   * Longest time of a run.
   * @default 12 hours
   */
  readonly trainingTimeout?: Duration;
  /** Address to which a mail is sent for each run that failed. */
  readonly email?: string;
  /**
   * What trains: `cpu`, onnxruntime in the task itself; `gpu`, PyTorch in AWS Batch between two steps in the task.
   * @default cpu
   */
  readonly trainer?: 'cpu' | 'gpu';
}

/** Retrains a model on a schedule. */
export class Training extends Construct {
  readonly stateMachine: StateMachine;
  /** Gets a message for each run that failed. */
  readonly topic: Topic;

  constructor(scope: Construct, id: string, parts: { data: Data; tasks: TaskCluster }, props: TrainingProps) {
    super(scope, id);
    const { modelName, email, trainingSchedule = 'cron(0 3 * * ? *)', trainingTimeout = Duration.hours(12) } = props;
    const { windowDays = TRAINING_DEFAULTS.windowDays, warmStart = false } = props;
    const { checkpointEvery = Duration.minutes(TRAINING_DEFAULTS.checkpointMinutes) } = props;
    const { trainingCpu: cpu = TRAINING_TASK.cpu, trainingMemoryMiB: memoryMiB = TRAINING_TASK.memoryMiB } = props;
    const { trainingScratchGiB: scratchGiB = TRAINING_TASK.scratchGiB } = props;
    const { bucketName } = parts.data.bucket;
    this.topic = new Topic(this, 'Failures', { enforceSSL: true });
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
    if (props.trainer === 'gpu' && warmStart)
      throw new Error('warmStart must be false with trainer gpu, got true: a bundle begins with fresh weights');
    const checkpointMinutes = String(checkpointEvery.toMinutes({ integral: false }));
    const gpu =
      props.trainer === 'gpu'
        ? new GpuJobs(this, 'Gpu', parts, { ...props, checkpointMinutes, timeout: trainingTimeout })
        : null;
    const { encoders = 0 } = props;
    if (encoders !== 0 && gpu === null)
      throw new Error(`encoders must be 0 where trainer is cpu, got ${encoders}: only an export has rows for them`);
    const ranges =
      encoders === 0 ? null : new RangeEncoders(this, 'Encoders', parts.data, { ...props, encoders }).ranges;
    this.stateMachine = new ScheduledTask(this, 'Run', parts, {
      ...props,
      name: 'training',
      role: gpu === null ? 'trainer' : 'bundler',
      ...(gpu && { grants: gpu.grants }),
      ranges,
      size: { cpu, memoryMiB, scratchGiB },
      environment: {
        WINDOW_DAYS: String(windowDays),
        CHECKPOINT_MINUTES: checkpointMinutes,
        WARM_START: String(warmStart),
        ...(ranges && { RANGES_URL: ranges.queue.queueUrl, RANGES_DEAD_URL: ranges.dead.queueUrl }),
      },
      schedule: trainingSchedule,
      description: `Retrains ${modelName}`,
      timeout: trainingTimeout,
      topic: this.topic,
      definition: (place) => trainingDefinition(place, { bucketName, modelName }, gpu?.place),
    }).stateMachine;
  }
}
