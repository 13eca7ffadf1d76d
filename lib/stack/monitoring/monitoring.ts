import { Duration, Stack } from 'aws-cdk-lib';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { MONITORING_TASK } from '../../contract/limits.ts';
import { alarmTopic } from '../alarms/topic.ts';
import type { Data } from '../bucket-and-queues.ts';
import { EVENT_BUS } from '../grants.ts';
import type { TaskImageProps } from '../tasks/fargate-task.ts';
import { ScheduledTask, type ScheduleProps } from '../tasks/scheduled-task.ts';
import type { TaskCluster } from '../tasks/task-cluster.ts';
import { monitoringAlarms } from './monitoring-alarms.ts';
import { monitoringDefinition } from './monitoring-definition.ts';

export interface MonitoringProps extends TaskImageProps, ScheduleProps {
  readonly modelName: string;
  /**
   * When to look, once the day's labels have come, as `cron(minutes hours day month weekday year)` or `rate(1 day)`.
   * @default cron(0 6 * * ? *)
   */
  readonly monitoringSchedule?: string;
  /**
   * Days of the log to read, up to the day before: partitions `data/dt=YYYY-MM-DD/`.
   * @default as many as the declaration's delays need
   */
  readonly monitoringDays?: number;
  /**
   * Processor units of the task: 1024 are one vCPU.
   * @default 2048
   */
  readonly monitoringCpu?: number;
  /**
   * Memory of the task, MiB. Half of it is for joining log and scores, which go to the scratch disk above that.
   * @default 8192
   */
  readonly monitoringMemoryMiB?: number;
  /**
   * Scratch disk of the task, GiB, 21 to 200: room for the files of log and scores of these days, twice.
   * @default 50
   */
  readonly monitoringScratchGiB?: number;
  /**
   * Days without a run after which an alarm says so, 1 to 7.
   * @default 2
   */
  readonly maxDaysWithoutRun?: number;
  /** Address to which alarms and failed runs are sent; AWS asks it to confirm. */
  readonly email?: string;
  /** Price of a second of scoring in USD, for the page. */
  readonly usdPerSecond?: number;
}

// A year of a large shop is read again in less.
const TIMEOUT = Duration.hours(6);

/** Compares on a schedule what was scored with what happened then: a page, events, and alarms that send to a topic. */
export class Monitoring extends Construct {
  readonly stateMachine: StateMachine;
  /** Gets the alarms, and a message for each run that failed. */
  readonly topic: Topic;

  constructor(scope: Construct, id: string, parts: { data: Data; tasks: TaskCluster }, props: MonitoringProps) {
    super(scope, id);
    const { modelName, email, usdPerSecond, monitoringDays, maxDaysWithoutRun = 2 } = props;
    const { monitoringSchedule = 'cron(0 6 * * ? *)' } = props;
    const { monitoringCpu: cpu = MONITORING_TASK.cpu, monitoringMemoryMiB: memoryMiB = MONITORING_TASK.memoryMiB } =
      props;
    const { monitoringScratchGiB: scratchGiB = MONITORING_TASK.scratchGiB } = props;
    this.topic = alarmTopic(this, parts.data);
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
    this.stateMachine = new ScheduledTask(this, 'Run', parts, {
      ...props,
      name: 'monitoring',
      role: 'monitor',
      command: ['dist/monitoring.js'],
      size: { cpu, memoryMiB, scratchGiB },
      environment: {
        EVENT_BUS,
        ...(monitoringDays !== undefined && { WINDOW_DAYS: String(monitoringDays) }),
        ...(usdPerSecond !== undefined && { USD_PER_SECOND: String(usdPerSecond) }),
      },
      schedule: monitoringSchedule,
      description: `Monitors ${modelName}`,
      timeout: TIMEOUT,
      topic: this.topic,
      definition: (place) => monitoringDefinition(place, modelName),
    }).stateMachine;
    const serviceName = `${Stack.of(this).stackName}-${modelName}`;
    monitoringAlarms(this, { serviceName, modelName, topic: this.topic, maxDaysWithoutRun });
  }
}
