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

/** Spare capacity, or that which is always there. */
export type Capacity = 'spot' | 'on demand';

/** A step of a run, which is begun once the one before it has ended with 0. */
export interface TaskStep {
  /** What its states' names begin with. */
  readonly name: string;
  /** Returns the state that runs it, without what follows. */
  readonly on: (capacity: Capacity) => object;
}

/**
 * Returns the definition: a plain object that may contain CloudFormation's references. Each step is tried again by
 * itself.
 * @param steps The steps of a run. @default one, on Fargate
 */
export function taskStates<States extends object>(
  place: TaskPlace,
  endings: TaskEndings<States>,
  steps: readonly TaskStep[] = [fargateStep(place, 'Run')],
) {
  const { waitSeconds = 60 } = place;
  const { title, success, exits, memorySetting, states } = endings;
  return {
    Comment: title,
    StartAt: 'Begin',
    States: {
      ...statesOfSteps(steps, success),
      // `Cause` is the stopped task or job as JSON, or the sentence in which ECS refused to start one.
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
              // Of AWS Batch: the instance is gone, or none was to be had.
              '*Host EC2*terminated*',
              '*CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY*',
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
      CountForSpot: countRun('OnSpot'),
      OnSpot: stepAgain(steps, 'spot'),
      WaitOnDemand: { Type: 'Wait', Seconds: waitSeconds, Next: 'CountOnDemand' },
      CountOnDemand: countRun('OnDemand'),
      OnDemand: stepAgain(steps, 'on demand'),
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

const SUFFIX: Readonly<Record<Capacity, string>> = { spot: 'OnSpot', 'on demand': 'OnDemand' };
const CAPACITIES = Object.keys(SUFFIX) as readonly Capacity[];

/** Returns the states of all steps: of each its begin, and its two ways to be run. */
function statesOfSteps(steps: readonly TaskStep[], success: string): Readonly<Record<string, object>> {
  const begin = (index: number) => (index === 0 ? 'Begin' : `Begin${steps[index]?.name}`);
  return Object.fromEntries(
    steps.flatMap(({ name, on }, index) => [
      [begin(index), { Type: 'Pass', Result: { runs: 1, step: name }, Next: `${name}${SUFFIX.spot}` }],
      ...CAPACITIES.map((capacity) => [
        `${name}${SUFFIX[capacity]}`,
        {
          ...on(capacity),
          ResultPath: null,
          Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'WhatHappened' }],
          // Exit code 0: any other is an error.
          Next: index + 1 < steps.length ? begin(index + 1) : success,
        },
      ]),
    ]),
  );
}

/** Returns the choice of the step that was under way. */
function stepAgain(steps: readonly TaskStep[], capacity: Capacity) {
  return {
    Type: 'Choice',
    Choices: steps.map(({ name }) => ({
      Variable: '$.step',
      StringEquals: name,
      Next: `${name}${SUFFIX[capacity]}`,
    })),
  };
}

/** Returns a step on Fargate, with variables besides those of the task. */
export function fargateStep(
  place: TaskPlace,
  name: string,
  environment: Readonly<Record<string, string>> = {},
): TaskStep {
  const providers = { spot: 'FARGATE_SPOT', 'on demand': 'FARGATE' } as const;
  return { name, on: (capacity) => runTask(place, providers[capacity], environment) };
}

function runTask(place: TaskPlace, capacityProvider: string, environment: Readonly<Record<string, string>>) {
  const { partition, clusterArn, taskDefinitionArn, containerName, subnetIds, securityGroupId, timeoutSeconds } = place;
  const variables = Object.entries(environment).map(([Name, Value]) => ({ Name, Value }));
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
          { Name: containerName, Environment: [{ Name: 'RUN_ID', 'Value.$': '$$.Execution.Name' }, ...variables] },
        ],
      },
    },
  };
}

function countRun(next: string) {
  return {
    Type: 'Pass',
    Parameters: { 'runs.$': 'States.MathAdd($.runs, 1)', 'step.$': '$.step' },
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
