import { join } from 'node:path';
import { type CfnElement, Duration, RemovalPolicy, Size, Stack, Validations } from 'aws-cdk-lib';
import {
  EcsEc2ContainerDefinition,
  EcsJobDefinition,
  EcsMachineImageType,
  EcsVolume,
  JobQueue,
  JobStateTimeLimitActionsAction,
  JobStateTimeLimitActionsReason,
  JobStateTimeLimitActionsState,
  LinuxParameters,
  ManagedEc2EcsComputeEnvironment,
} from 'aws-cdk-lib/aws-batch';
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceType,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MultipartBody,
  MultipartUserData,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, LogDriver } from 'aws-cdk-lib/aws-ecs';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { GPU_TASK } from '../../contract/limits.ts';
import type { Data } from '../bucket-and-queues.ts';
import { prefixesOf, resourcesOf, statementsOf } from '../grants.ts';
import type { Grant } from '../tasks/scheduled-task.ts';
import type { TaskCluster } from '../tasks/task-cluster.ts';
import type { Capacity } from '../tasks/task-states.ts';
import type { GpuPlace } from './gpu-step.ts';

export interface GpuProps {
  /**
   * The container that trains on a GPU.
   * @default built from training/torch/Dockerfile in the working directory, which needs Docker
   */
  readonly gpuImage?: ContainerImage;
  /**
   * Instance types, of which Batch starts the one that is to be had.
   * @default g6.2xlarge and g5.2xlarge
   */
  readonly gpuInstances?: readonly string[];
  /**
   * Memory of the container, MiB: less than the smallest of these instances has.
   * @default 28672
   */
  readonly gpuMemoryMiB?: number;
  /**
   * GPUs of an instance, each with a process of its own.
   * @default 1
   */
  readonly gpus?: number;
  /**
   * Disk of an instance, GiB, which the image, the bundle and the checkpoint share.
   * @default 100
   */
  readonly gpuScratchGiB?: number;
}

interface GpuJobsProps extends GpuProps {
  readonly modelName: string;
  readonly checkpointMinutes: string;
  readonly timeout: Duration;
  readonly logRetention?: RetentionDays;
}

const SCRATCH = '/scratch';
/** Most vCPUs at once. One job runs at a time, for a run holds the model's lease. */
const MOST_VCPUS = 96;
/** A job's share, which is no limit: it has the instance to itself. */
const VCPUS = 4;
/** Time for which a job waits for an instance of its kind. */
const PATIENCE: Readonly<Record<Capacity, Duration>> = {
  spot: Duration.minutes(15),
  'on demand': Duration.hours(1),
};

/** Jobs of AWS Batch on instances with a GPU, of which there are none between two jobs. */
export class GpuJobs extends Construct {
  readonly place: GpuPlace;
  /** What submits a job and waits for its end must be allowed. */
  readonly grants: readonly Grant[];

  constructor(scope: Construct, id: string, parts: { data: Data; tasks: TaskCluster }, props: GpuJobsProps) {
    super(scope, id);
    const definition = this.makeDefinition(parts.data, props);
    const instanceRole = this.makeInstanceRole();
    const launchTemplate = this.makeLaunchTemplate(props);
    const queue = (id: string, capacity: Capacity) => {
      const environment = new ManagedEc2EcsComputeEnvironment(this, `${id}Instances`, {
        vpc: parts.tasks.vpc,
        securityGroups: [parts.tasks.securityGroup],
        spot: capacity === 'spot',
        minvCpus: 0,
        maxvCpus: MOST_VCPUS,
        instanceTypes: (props.gpuInstances ?? GPU_TASK.instances).map((type) => new InstanceType(type)),
        useOptimalInstanceClasses: false,
        images: [{ imageType: EcsMachineImageType.ECS_AL2023_NVIDIA }],
        instanceRole,
        launchTemplate,
      });
      return new JobQueue(this, `${id}Queue`, {
        computeEnvironments: [{ computeEnvironment: environment, order: 1 }],
        // Else it would wait for ever.
        jobStateTimeLimitActions: Object.values(JobStateTimeLimitActionsReason).map((reason) => ({
          action: JobStateTimeLimitActionsAction.CANCEL,
          maxTime: PATIENCE[capacity],
          reason,
          state: JobStateTimeLimitActionsState.RUNNABLE,
        })),
      });
    };
    const [spot, onDemand] = [queue('Spot', 'spot'), queue('OnDemand', 'on demand')];
    this.place = {
      jobDefinitionArn: definition.jobDefinitionArn,
      queueArns: { spot: spot.jobQueueArn, 'on demand': onDemand.jobQueueArn },
    };
    this.grants = this.grantsOf(definition, [spot, onDemand]);
  }

  private makeDefinition(data: Data, props: GpuJobsProps): EcsJobDefinition {
    const { modelName, checkpointMinutes, timeout, logRetention: retention = RetentionDays.ONE_MONTH } = props;
    const { gpuMemoryMiB = GPU_TASK.memoryMiB, gpus = GPU_TASK.gpus } = props;
    const { bucket } = data;
    const jobRole = new Role(this, 'JobRole', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    for (const statement of statementsOf('gpuTrainer', resourcesOf(data))) jobRole.addToPolicy(statement);
    for (const prefix of prefixesOf('gpuTrainer'))
      acknowledge(
        jobRole,
        `AwsSolutions-IAM5[Resource::<${bucket.stack.getLogicalId(bucket.node.defaultChild as CfnElement)}.Arn>/${prefix}*]`,
        `The keys under ${prefix} are not known beforehand: S3 has no narrower resource for "all of a prefix"`,
      );
    const executionRole = new Role(this, 'ExecutionRole', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    });
    acknowledge(
      executionRole,
      'AwsSolutions-IAM5[Resource::*]',
      'ecr:GetAuthorizationToken knows no resource; all else of this role is the one log group and image',
    );
    const logGroup = new LogGroup(this, 'Logs', { retention, removalPolicy: RemovalPolicy.DESTROY });
    return new EcsJobDefinition(this, 'Job', {
      // The state machine tries again, and knows by what.
      retryAttempts: 1,
      timeout,
      container: new EcsEc2ContainerDefinition(this, 'Container', {
        image: props.gpuImage ?? builtImage(),
        cpu: VCPUS,
        gpu: gpus,
        memory: Size.mebibytes(gpuMemoryMiB),
        jobRole,
        executionRole,
        logging: LogDriver.awsLogs({ logGroup, streamPrefix: 'gpu' }),
        readonlyRootFilesystem: true,
        linuxParameters: new LinuxParameters(this, 'Init', {
          initProcessEnabled: true,
          // Processes that train together exchange through it.
          sharedMemorySize: Size.gibibytes(2),
        }),
        volumes: [EcsVolume.host({ name: 'scratch', containerPath: SCRATCH })],
        environment: {
          BUCKET: `s3://${bucket.bucketName}`,
          MODEL_NAME: modelName,
          STEP: 'train',
          PROCESSES: String(gpus),
          CHECKPOINT_MINUTES: checkpointMinutes,
          // On an instance, the agent of ECS does not tell it.
          AWS_REGION: Stack.of(this).region,
          AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://169.254.169.254',
          SCRATCH,
          POWERTOOLS_SERVICE_NAME: `${Stack.of(this).stackName}-${modelName}`,
        },
      }),
    });
  }

  /** What the instance itself does: it registers with the cluster that Batch makes, and starts containers. */
  private makeInstanceRole(): Role {
    const role = new Role(this, 'InstanceRole', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonEC2ContainerServiceforEC2Role')],
    });
    acknowledge(
      role,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role]',
      'What the agent of ECS on an instance needs, which AWS keeps up to date; Batch makes the cluster, and names it',
    );
    return role;
  }

  private makeLaunchTemplate({ gpuScratchGiB = GPU_TASK.scratchGiB }: GpuProps): LaunchTemplate {
    const commands = UserData.forLinux();
    // By default a container has 30 s from SIGTERM on, too few to send the checkpoint of a large table.
    commands.addCommands('echo ECS_CONTAINER_STOP_TIMEOUT=110s >> /etc/ecs/ecs.config');
    const userData = new MultipartUserData();
    userData.addPart(MultipartBody.fromUserData(commands));
    return new LaunchTemplate(this, 'Instance', {
      userData,
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      // A container on a bridge is one hop further away.
      httpPutResponseHopLimit: 2,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs(gpuScratchGiB, {
            encrypted: true,
            volumeType: EbsDeviceVolumeType.GP3,
            deleteOnTermination: true,
          }),
        },
      ],
    });
  }

  private grantsOf(definition: EcsJobDefinition, queues: readonly JobQueue[]): Grant[] {
    const { partition, region, account } = Stack.of(this);
    return [
      ...[definition.jobDefinitionArn, ...queues.map(({ jobQueueArn }) => jobQueueArn)].map((resource) => ({
        actions: ['batch:SubmitJob'],
        resource,
      })),
      // A job has a new name each time, and neither action knows a queue.
      { actions: ['batch:DescribeJobs', 'batch:TerminateJob'], resource: '*' },
      // By this rule Step Functions hears that a job has ended.
      {
        actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        resource: `arn:${partition}:events:${region}:${account}:rule/StepFunctionsGetEventsForBatchJobsRule`,
      },
    ];
  }
}

function builtImage(): ContainerImage {
  return ContainerImage.fromAsset(process.cwd(), {
    file: join('training', 'torch', 'Dockerfile'),
    platform: Platform.LINUX_AMD64,
    exclude: ['node_modules', '.git', '.entirespace', 'dist', 'test', 'docs', '.venv*'],
  });
}

function acknowledge(scope: Parameters<typeof Validations.of>[0], id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}
