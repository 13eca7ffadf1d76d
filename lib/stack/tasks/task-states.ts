/**
 * The state machine of a scheduled task, in the Amazon States Language: on Spot, where that is interrupted or has no
 * room twice again and then on demand; what went wrong goes to a topic.
 */
import { RUN_EXIT_CODES } from '../../contract/exit-codes.ts';

/** Runs on Spot before one on demand. */
const SPOT_RUNS = 3;

/** Where a task runs, and how its failures are told. */
export interface TaskPlace {
  readonly partition: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly containerName: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  readonly topicArn: string;
  /** Console page of the log group, for messages. */
  readonly logsUrl: string;
  /** Longest time of one run. */
  readonly timeoutSeconds: number;
  /** Between two tries. @default 60 */
  readonly waitSeconds?: number;
}

/** What the task is for, and what follows on its exit codes. */
export interface TaskEndings<States> {
  /** The task in a sentence of its own: `Retraining of shop`. */
  readonly title: string;
  /** What a failed run leaves: `nothing was promoted`. */
  readonly afterFailure: string;
  /** Setting of the stack that gives the task more memory. */
  readonly memorySetting: string;
  /** State after exit code 0. */
  readonly success: keyof States & string;
  /** States after other exit codes that are no failures. */
  readonly exits: readonly (readonly [code: number, state: keyof States & string])[];
  /** The states that these name. */
  readonly states: States;
}

/** Returns the definition: a plain object that may contain CloudFormation's references. */
export function taskStates<States extends object>(place: TaskPlace, endings: TaskEndings<States>) {
  const { waitSeconds = 60 } = place;
  const { title, success, exits, memorySetting, states } = endings;
  return {
    Comment: title,
    StartAt: 'Begin',
    States: {
      Begin: { Type: 'Pass', Result: { runs: 1 }, Next: 'RunOnSpot' },
      RunOnSpot: run(place, 'FARGATE_SPOT', success),
      RunOnDemand: run(place, 'FARGATE', success),
      // `Cause` is the stopped task as JSON, or the sentence in which ECS refused to start one.
      WhatHappened: {
        Type: 'Choice',
        Choices: [
          ...exits.map(([code, Next]) => ({ Or: causeHas(exitCode(code)), Next: Next as string })),
          // A task that is killed for its memory has no exit code of its own.
          { Or: causeHas(['*OutOfMemory*']), Next: 'TellOutOfMemory' },
          {
            Or: causeHas([
              ...exitCode(RUN_EXIT_CODES.terminated),
              '*SpotInterruption*',
              '*Capacity is unavailable*',
              '*RESOURCE:*',
            ]),
            Next: 'Again',
          },
        ],
        Default: 'Tell',
      },
      Again: {
        Type: 'Choice',
        Choices: [
          { Variable: '$.runs', NumericLessThan: SPOT_RUNS, Next: 'WaitForSpot' },
          { Variable: '$.runs', NumericEquals: SPOT_RUNS, Next: 'WaitOnDemand' },
        ],
        Default: 'Tell',
      },
      WaitForSpot: { Type: 'Wait', Seconds: waitSeconds, Next: 'CountForSpot' },
      CountForSpot: countRun('RunOnSpot'),
      WaitOnDemand: { Type: 'Wait', Seconds: waitSeconds, Next: 'CountOnDemand' },
      CountOnDemand: countRun('RunOnDemand'),
      ...states,
      Tell: tell(place, endings, 'failed'),
      TellOutOfMemory: tell(place, endings, `ran out of memory (deploy it with a larger ${memorySetting})`),
      Failed: { Type: 'Fail', Error: 'TaskFailed', Cause: `${title} failed: see its log` },
    },
  };
}

/** Says to the topic what became of the run, where its log is, and all that is known of the error. */
function tell(
  { partition, topicArn, logsUrl }: TaskPlace,
  { title, afterFailure }: Pick<TaskEndings<object>, 'title' | 'afterFailure'>,
  what: string,
) {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::sns:publish`,
    Parameters: {
      TopicArn: topicArn,
      Subject: `${title} failed`,
      'Message.$': `States.Format('${title}: run {} ${what}, ${afterFailure}.\n\nLog: ${logsUrl}\n\n{}', $$.Execution.Name, States.JsonToString($.error))`,
    },
    ResultPath: null,
    Next: 'Failed',
  };
}

function run(place: TaskPlace, capacityProvider: string, success: string) {
  const { partition, clusterArn, taskDefinitionArn, containerName, subnetIds, securityGroupId, timeoutSeconds } = place;
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::ecs:runTask.sync`,
    TimeoutSeconds: timeoutSeconds,
    Parameters: {
      Cluster: clusterArn,
      TaskDefinition: taskDefinitionArn,
      CapacityProviderStrategy: [{ CapacityProvider: capacityProvider, Weight: 1 }],
      NetworkConfiguration: {
        AwsvpcConfiguration: { Subnets: subnetIds, SecurityGroups: [securityGroupId], AssignPublicIp: 'ENABLED' },
      },
      Overrides: {
        ContainerOverrides: [
          // A retry is the same run, which continues or repeats what the first try began.
          { Name: containerName, Environment: [{ Name: 'RUN_ID', 'Value.$': '$$.Execution.Name' }] },
        ],
      },
    },
    ResultPath: null,
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'WhatHappened' }],
    // Exit code 0: any other is an error.
    Next: success,
  };
}

function countRun(next: string) {
  return {
    Type: 'Pass',
    Parameters: { 'runs.$': 'States.MathAdd($.runs, 1)' },
    Next: next,
  };
}

/** Returns the patterns of an exit code in a task's JSON, which may have a space after the colon. */
function exitCode(code: number): string[] {
  return ['', ' '].flatMap((space) => [',', '}'].map((end) => `*"ExitCode":${space}${code}${end}*`));
}

function causeHas(patterns: readonly string[]) {
  return patterns.map((pattern) => ({ Variable: '$.error.Cause', StringMatches: pattern }));
}
