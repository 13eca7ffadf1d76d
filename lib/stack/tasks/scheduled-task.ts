import { type CfnElement, type Duration, RemovalPolicy, Stack, TimeZone, Validations } from 'aws-cdk-lib';
import type { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { DefinitionBody, LogLevel, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Data } from '../bucket-and-queues.ts';
import { EVENT_BUS } from '../grants.ts';
import { type FargateTaskProps, fargateTask } from './fargate-task.ts';
import type { TaskCluster } from './task-cluster.ts';
import type { TaskPlace } from './task-states.ts';

/** Settings of every schedule and its log. */
export interface ScheduleProps {
  /**
   * Of the schedules; days of the data are UTC's.
   * @default Etc/UTC
   */
  readonly timeZone?: string;
  /**
   * How long log lines are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}

/** Actions, and the resource that they are allowed on. */
export interface Grant {
  readonly actions: readonly string[];
  readonly resource: string;
}

export interface ScheduledTaskProps extends Omit<FargateTaskProps, 'logGroup'>, ScheduleProps {
  /** `cron(minutes hours day month weekday year)` or `rate(1 day)`. */
  readonly schedule: string;
  readonly description: string;
  /** Longest time of a run. */
  readonly timeout: Duration;
  /** Gets a message for each run that failed. */
  readonly topic: ITopic;
  /** What the state machine may do besides running the task. */
  readonly grants?: readonly Grant[];
  /** Returns the state machine's definition. */
  readonly definition: (place: TaskPlace) => object;
}

interface Parts {
  readonly data: Data;
  readonly tasks: TaskCluster;
}

/**
 * A task on a schedule: EventBridge Scheduler, a state machine, a task on Fargate Spot. Costs nothing between two runs
 * but the log's storage.
 */
export class ScheduledTask extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, parts: Parts, props: ScheduledTaskProps) {
    super(scope, id);
    const { logRetention: retention = RetentionDays.ONE_MONTH, timeZone = 'Etc/UTC' } = props;
    const logGroup = new LogGroup(this, 'Logs', { retention, removalPolicy: RemovalPolicy.DESTROY });
    const task = fargateTask(this, parts.data, { ...props, logGroup });
    this.stateMachine = this.makeStateMachine(parts, props, { task, logGroup, retention });
    new Schedule(this, 'Schedule', {
      description: props.description,
      schedule: ScheduleExpression.expression(props.schedule, TimeZone.of(timeZone)),
      target: new StepFunctionsStartExecution(this.stateMachine, { retryAttempts: 2 }),
    });
  }

  private makeStateMachine(
    { data, tasks: { cluster, vpc, securityGroup } }: Parts,
    { topic, timeout, name, definition, grants = [] }: ScheduledTaskProps,
    { task, logGroup, retention }: Task,
  ): StateMachine {
    const stack = Stack.of(this);
    const { partition, region, account } = stack;
    const states = definition({
      partition,
      clusterArn: cluster.clusterArn,
      taskDefinitionArn: task.taskDefinitionArn,
      containerName: name,
      subnetIds: vpc.publicSubnets.map(({ subnetId }) => subnetId),
      securityGroupId: securityGroup.securityGroupId,
      topicArn: topic.topicArn,
      logsUrl: `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${logGroup.logGroupName}`,
      timeoutSeconds: timeout.toSeconds(),
    });
    const machine = new StateMachine(this, 'StateMachine', {
      definitionBody: DefinitionBody.fromString(stack.toJsonString(states)),
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'StateLogs', { retention, removalPolicy: RemovalPolicy.DESTROY }),
        level: LogLevel.ALL,
      },
    });
    const running = `arn:${partition}:ecs:${region}:${account}:task/${cluster.clusterName}/*`;
    const statements: readonly (readonly [actions: readonly string[], resource: string])[] = [
      [['ecs:RunTask'], task.taskDefinitionArn],
      [['ecs:StopTask', 'ecs:DescribeTasks'], running],
      [['iam:PassRole'], task.taskRole.roleArn],
      [['iam:PassRole'], task.obtainExecutionRole().roleArn],
      // By this rule Step Functions hears that a task has ended.
      [
        ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        `arn:${partition}:events:${region}:${account}:rule/StepFunctionsGetEventsForECSTaskRule`,
      ],
      [['events:PutEvents'], `arn:${partition}:events:${region}:${account}:event-bus/${EVENT_BUS}`],
      [['sns:Publish'], topic.topicArn],
      ...(data.encryptionKey === undefined
        ? []
        : [[['kms:Decrypt', 'kms:GenerateDataKey'], data.encryptionKey.keyArn] as const]),
    ];
    for (const [actions, resource] of [
      ...statements,
      ...grants.map((grant) => [grant.actions, grant.resource] as const),
    ])
      machine.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [resource] }));
    const clusterId = stack.getLogicalId(cluster.node.defaultChild as CfnElement);
    for (const [resource, reason] of [
      ['*', 'The delivery of logs, the sending of traces and the state of jobs know no narrower resource than all'],
      [
        `arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/<${clusterId}>/*`,
        'Tasks have a new name each time; these are all in the cluster that is made for them',
      ],
    ] as const)
      Validations.of(machine.role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
    return machine;
  }
}

interface Task {
  readonly task: FargateTaskDefinition;
  readonly logGroup: LogGroup;
  readonly retention: RetentionDays;
}
