import { join } from 'node:path';
import { type CfnElement, Duration, RemovalPolicy, Stack, TimeZone, Validations } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  type CfnCluster,
  Cluster,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { TRAINING_DEFAULTS, TRAINING_TASK } from '../contract/limits.ts';
import type { Data } from './bucket-and-queues.ts';
import { prefixesOf, statementsOf } from './grants.ts';
import { taskHour } from './prices.ts';
import { trainingDefinition } from './training-definition.ts';

export interface TrainingProps {
  /** Name of the model; its declaration is `training/<name>/entirespace.yaml` in the bucket. */
  readonly modelName: string;
  /**
   * The container.
   * @default built from training/Dockerfile in the working directory, which needs Docker where the stack is deployed
   */
  readonly image?: ContainerImage;
  /**
   * When to train, as `cron(minutes hours day month weekday year)` or `rate(1 day)`.
   * @default cron(0 3 * * ? *)
   */
  readonly trainingSchedule?: string;
  /**
   * Of the schedule; days of the data are UTC's.
   * @default Etc/UTC
   */
  readonly timeZone?: string;
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
   * How long log lines are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}

const CONTAINER = 'training';
const SCRATCH = '/scratch';
// Fargate's longest, of the two minutes between a Spot warning and the end.
const STOP_TIMEOUT = Duration.seconds(120);

/**
 * Retrains a model on a schedule: EventBridge Scheduler, a state machine, a task on Fargate Spot. Costs nothing between
 * two runs but the log's storage.
 */
export class Training extends Construct {
  readonly stateMachine: StateMachine;
  /** Gets a message for each run that failed. */
  readonly topic: Topic;

  constructor(scope: Construct, id: string, data: Data, props: TrainingProps) {
    super(scope, id);
    const { email, logRetention: retention = RetentionDays.ONE_MONTH } = props;
    this.topic = new Topic(this, 'Failures', { enforceSSL: true });
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
    const logGroup = new LogGroup(this, 'Logs', { retention, removalPolicy: RemovalPolicy.DESTROY });
    const network = this.makeNetwork();
    const cluster = new Cluster(this, 'Cluster', { vpc: network.vpc });
    // Set on the cluster's own resource, since CDK would otherwise add a separate resource for the providers.
    (cluster.node.defaultChild as CfnCluster).capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
    acknowledge(
      cluster,
      'AwsSolutions-ECS4',
      'The run itself writes metrics and progress; Container Insights would cost by the hour of every task',
    );
    const task = this.makeTask(data, props, logGroup);
    this.stateMachine = this.makeStateMachine({ data, props, cluster, task, network, logGroup, retention });
    new Schedule(this, 'Schedule', {
      description: `Retrains ${props.modelName}`,
      schedule: ScheduleExpression.expression(
        props.trainingSchedule ?? 'cron(0 3 * * ? *)',
        TimeZone.of(props.timeZone ?? 'Etc/UTC'),
      ),
      target: new StepFunctionsStartExecution(this.stateMachine, { retryAttempts: 2 }),
    });
  }

  /** Public subnets that let nothing in, so that no NAT gateway costs by the hour; S3 has an endpoint of its own. */
  private makeNetwork(): Network {
    const vpc: IVpc = new Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    }) as IVpc;
    acknowledge(
      vpc,
      'AwsSolutions-VPC7',
      'Nothing listens in this network; a flow log would say that a task speaks with AWS, and cost more than it',
    );
    const securityGroup = new SecurityGroup(this, 'NoInbound', {
      vpc,
      allowAllOutbound: false,
      description: 'A training task: nothing comes in, AWS is called',
    });
    securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS over TLS');
    return { vpc, securityGroup };
  }

  private makeTask(data: Data, props: TrainingProps, logGroup: LogGroup): FargateTaskDefinition {
    const { modelName, trainingCpu = TRAINING_TASK.cpu, trainingMemoryMiB = TRAINING_TASK.memoryMiB } = props;
    const { trainingScratchGiB = TRAINING_TASK.scratchGiB } = props;
    const { windowDays = TRAINING_DEFAULTS.windowDays, warmStart = false } = props;
    const { checkpointEvery = Duration.minutes(TRAINING_DEFAULTS.checkpointMinutes) } = props;
    const { bucket, arrivals, shards, encryptionKey } = data;
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: trainingCpu,
      memoryLimitMiB: trainingMemoryMiB,
      ephemeralStorageGiB: trainingScratchGiB,
      runtimePlatform: { cpuArchitecture: CpuArchitecture.X86_64, operatingSystemFamily: OperatingSystemFamily.LINUX },
      volumes: [{ name: 'scratch' }],
    });
    const queues = {
      arrivals: arrivals.queue,
      arrivalsDead: arrivals.dead,
      shards: shards.queue,
      shardsDead: shards.dead,
    };
    for (const statement of statementsOf('trainer', { bucket, queues, encryptionKey }))
      task.addToTaskRolePolicy(statement);
    const container = task.addContainer(CONTAINER, {
      containerName: CONTAINER,
      image: props.image ?? builtImage(),
      logging: LogDriver.awsLogs({ logGroup, streamPrefix: 'run' }),
      readonlyRootFilesystem: true,
      stopTimeout: STOP_TIMEOUT,
      linuxParameters: new LinuxParameters(this, 'Init', { initProcessEnabled: true }),
      environment: {
        BUCKET: `s3://${bucket.bucketName}`,
        MODEL_NAME: modelName,
        WINDOW_DAYS: String(windowDays),
        CHECKPOINT_MINUTES: String(checkpointEvery.toMinutes({ integral: false })),
        MEMORY_MIB: String(Math.floor(trainingMemoryMiB / 2)),
        THREADS: String(Math.max(1, Math.floor(trainingCpu / 1024))),
        WARM_START: String(warmStart),
        HOURLY_USD: taskHour({ cpu: trainingCpu, memoryMiB: trainingMemoryMiB }).toFixed(3),
        SCRATCH,
        POWERTOOLS_SERVICE_NAME: `${Stack.of(this).stackName}-${modelName}`,
      },
    });
    container.addMountPoints({ sourceVolume: 'scratch', containerPath: SCRATCH, readOnly: false });
    acknowledge(
      task,
      'AwsSolutions-ECS2',
      'No variable is a secret: names of the bucket and the model, sizes and times',
    );
    for (const prefix of prefixesOf('trainer'))
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

  private makeStateMachine({ data, props, cluster, task, network, logGroup, retention }: Parts): StateMachine {
    const stack = Stack.of(this);
    const { partition, region, account } = stack;
    const { bucket } = data;
    const definition = trainingDefinition({
      partition,
      clusterArn: cluster.clusterArn,
      taskDefinitionArn: task.taskDefinitionArn,
      containerName: CONTAINER,
      subnetIds: network.vpc.publicSubnets.map(({ subnetId }) => subnetId),
      securityGroupId: network.securityGroup.securityGroupId,
      bucketName: bucket.bucketName,
      modelName: props.modelName,
      topicArn: this.topic.topicArn,
      logsUrl: `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${logGroup.logGroupName}`,
      timeoutSeconds: (props.trainingTimeout ?? Duration.hours(12)).toSeconds(),
    });
    const machine = new StateMachine(this, 'StateMachine', {
      definitionBody: DefinitionBody.fromString(stack.toJsonString(definition)),
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'StateLogs', { retention, removalPolicy: RemovalPolicy.DESTROY }),
        level: LogLevel.ALL,
      },
    });
    const clusterName = cluster.clusterName;
    const tasks = `arn:${partition}:ecs:${region}:${account}:task/${clusterName}/*`;
    const statements: readonly (readonly [actions: readonly string[], resource: string])[] = [
      [['ecs:RunTask'], task.taskDefinitionArn],
      [['ecs:StopTask', 'ecs:DescribeTasks'], tasks],
      [['iam:PassRole'], task.taskRole.roleArn],
      [['iam:PassRole'], task.obtainExecutionRole().roleArn],
      // By this rule Step Functions hears that a task has ended.
      [
        ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        `arn:${partition}:events:${region}:${account}:rule/StepFunctionsGetEventsForECSTaskRule`,
      ],
      [['events:PutEvents'], `arn:${partition}:events:${region}:${account}:event-bus/default`],
      [['sns:Publish'], this.topic.topicArn],
    ];
    for (const [actions, resource] of statements)
      machine.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
    const clusterId = stack.getLogicalId(cluster.node.defaultChild as CfnElement);
    for (const [resource, reason] of [
      ['*', 'The delivery of logs and the sending of traces know no narrower resource than all'],
      [
        `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/<${clusterId}>/*`,
        'Tasks have a new name each time; these are all in the cluster that is made for them',
      ],
    ] as const)
      acknowledge(machine.role, `AwsSolutions-IAM5[Resource::${resource}]`, reason);
    return machine;
  }
}

interface Network {
  readonly vpc: IVpc;
  readonly securityGroup: SecurityGroup;
}

interface Parts {
  readonly data: Data;
  readonly props: TrainingProps;
  readonly cluster: Cluster;
  readonly task: FargateTaskDefinition;
  readonly network: Network;
  readonly logGroup: LogGroup;
  readonly retention: RetentionDays;
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
