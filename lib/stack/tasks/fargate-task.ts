import { join } from 'node:path';
import { type CfnElement, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Data, QueuePair } from '../bucket-and-queues.ts';
import { prefixesOf, type RoleName, resourcesOf, statementsOf } from '../grants.ts';
import { type TaskSize, taskHour } from '../prices.ts';

export interface TaskImageProps {
  /**
   * The container.
   * @default built from training/Dockerfile in the working directory, which needs Docker where the stack is deployed
   */
  readonly image?: ContainerImage;
}

export interface FargateTaskProps extends TaskImageProps {
  readonly modelName: string;
  /** Name of the container. */
  readonly name: string;
  readonly role: RoleName;
  /**
   * Program of the image that is run.
   * @default the image's own, which trains
   */
  readonly command?: readonly string[];
  readonly size: TaskSize & {
    /** Scratch disk, GiB, 21 to 200. */
    readonly scratchGiB: number;
  };
  /** Variables besides those that every task has. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroup: ILogGroup;
  /** The queue of ranges to encode. @default none */
  readonly ranges?: QueuePair | null;
}

const SCRATCH = '/scratch';
// Fargate's longest, of the two minutes between a Spot warning and the end.
const STOP_TIMEOUT = Duration.seconds(120);

/** Makes a task on Fargate that may do what the grants of its role say, and writes only to its scratch disk. */
export function fargateTask(scope: Construct, data: Data, props: FargateTaskProps): FargateTaskDefinition {
  const { name, role, command, environment, modelName, size, logGroup, ranges } = props;
  const { cpu, memoryMiB, scratchGiB } = size;
  const { bucket } = data;
  const task = new FargateTaskDefinition(scope, 'Task', {
    cpu,
    memoryLimitMiB: memoryMiB,
    ephemeralStorageGiB: scratchGiB,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.X86_64, operatingSystemFamily: OperatingSystemFamily.LINUX },
    volumes: [{ name: 'scratch' }],
  });
  for (const statement of statementsOf(role, resourcesOf(data, ranges))) task.addToTaskRolePolicy(statement);
  const container = task.addContainer(name, {
    containerName: name,
    image: props.image ?? builtImage(),
    ...(command && { command: [...command] }),
    logging: LogDriver.awsLogs({ logGroup, streamPrefix: 'run' }),
    readonlyRootFilesystem: true,
    stopTimeout: STOP_TIMEOUT,
    linuxParameters: new LinuxParameters(scope, 'Init', { initProcessEnabled: true }),
    environment: {
      BUCKET: `s3://${bucket.bucketName}`,
      MODEL_NAME: modelName,
      MEMORY_MIB: String(Math.floor(memoryMiB / 2)),
      THREADS: String(Math.max(1, Math.floor(cpu / 1024))),
      HOURLY_USD: taskHour(size).toFixed(3),
      SCRATCH,
      POWERTOOLS_SERVICE_NAME: `${Stack.of(scope).stackName}-${modelName}`,
      ...environment,
    },
  });
  container.addMountPoints({ sourceVolume: 'scratch', containerPath: SCRATCH, readOnly: false });
  acknowledge(task, 'AwsSolutions-ECS2', 'No variable is a secret: names of the bucket and the model, sizes and times');
  for (const prefix of prefixesOf(role))
    acknowledge(
      task.taskRole,
      `AwsSolutions-IAM5[Resource::<${bucket.stack.getLogicalId(bucket.node.defaultChild as CfnElement)}.Arn>/${prefix}*]`,
      `The keys under ${prefix} are not known beforehand: S3 has no narrower resource for "all of a prefix"`,
    );
  acknowledge(
    task.obtainExecutionRole(),
    'AwsSolutions-IAM5[Resource::*]',
    'ecr:GetAuthorizationToken knows no resource; all else of this role is the one log group and image',
  );
  return task;
}

function builtImage(): ContainerImage {
  return ContainerImage.fromAsset(process.cwd(), {
    file: join('training', 'Dockerfile'),
    platform: Platform.LINUX_AMD64,
    exclude: ['node_modules', '.git', '.entirespace', 'dist', 'test', 'docs', '.venv*'],
  });
}

function acknowledge(scope: Parameters<typeof Validations.of>[0], id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}
