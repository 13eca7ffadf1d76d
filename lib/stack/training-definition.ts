/**
 * The state machine of a retraining, in the Amazon States Language: on Spot, where that is interrupted or has no room
 * twice again and then on demand; that the run promoted its version, or the gate refused it, goes to EventBridge, what
 * went wrong to a topic.
 */

import { runKey } from '../contract/bucket.ts';
import { RUN_EXIT_CODES } from '../contract/exit-codes.ts';

/** Runs on Spot before one on demand. */
const SPOT_RUNS = 3;

export interface TrainingDefinitionProps {
  readonly partition: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly containerName: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  readonly bucketName: string;
  readonly modelName: string;
  readonly topicArn: string;
  /** Console page of the log group, for messages. */
  readonly logsUrl: string;
  /** Longest time of one run. */
  readonly timeoutSeconds: number;
  /** Between two tries. @default 60 */
  readonly waitSeconds?: number;
}

/** The definition: a plain object that may contain CloudFormation's references. */
export function trainingDefinition(props: TrainingDefinitionProps) {
  const { modelName, waitSeconds = 60 } = props;
  return {
    Comment: `Retrains ${modelName}`,
    StartAt: 'Begin',
    States: {
      Begin: { Type: 'Pass', Result: { runs: 1 }, Next: 'TrainOnSpot' },
      TrainOnSpot: run(props, 'FARGATE_SPOT'),
      TrainOnDemand: run(props, 'FARGATE'),
      // `Cause` is the stopped task as JSON, or the sentence in which ECS refused to start one.
      WhatHappened: {
        Type: 'Choice',
        Choices: [
          { Or: causeHas(exitCode(RUN_EXIT_CODES['not promoted'])), Next: 'AnnounceRefusal' },
          { Or: causeHas(exitCode(RUN_EXIT_CODES['another run'])), Next: 'AnotherRunTrains' },
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
      CountForSpot: count('TrainOnSpot'),
      WaitOnDemand: { Type: 'Wait', Seconds: waitSeconds, Next: 'CountOnDemand' },
      CountOnDemand: count('TrainOnDemand'),
      AnnouncePromotion: announce(props, 'model.promoted'),
      AnnounceRefusal: announce(props, 'model.refused'),
      AnotherRunTrains: { Type: 'Succeed' },
      Tell: tell(props, 'failed'),
      TellOutOfMemory: tell(props, 'ran out of memory (deploy it with a larger trainingMemory)'),
      Failed: { Type: 'Fail', Error: 'TrainingFailed', Cause: `Retraining of ${modelName} failed: see its log` },
    },
  };
}

/** Says to the topic what became of the run, where its log is, and all that is known of the error. */
function tell({ partition, topicArn, modelName, logsUrl }: TrainingDefinitionProps, what: string) {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::sns:publish`,
    Parameters: {
      TopicArn: topicArn,
      Subject: `Retraining of ${modelName} failed`,
      'Message.$': `States.Format('Run {} of model ${modelName} ${what}, nothing was promoted.\n\nLog: ${logsUrl}\n\n{}', $$.Execution.Name, States.JsonToString($.error))`,
    },
    ResultPath: null,
    Next: 'Failed',
  };
}

function run(props: TrainingDefinitionProps, capacityProvider: string) {
  const { partition, clusterArn, taskDefinitionArn, containerName, subnetIds, securityGroupId, timeoutSeconds } = props;
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
          // A retry is the same run, and continues from its checkpoint.
          { Name: containerName, Environment: [{ Name: 'RUN_ID', 'Value.$': '$$.Execution.Name' }] },
        ],
      },
    },
    ResultPath: null,
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'WhatHappened' }],
    // Exit code 0: any other is an error.
    Next: 'AnnouncePromotion',
  };
}

function count(next: string) {
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

/**
 * Returns the state that announces the end of a run. The run's result in the bucket has the version and the reasons.
 */
function announce({ partition, bucketName, modelName }: TrainingDefinitionProps, detailType: string) {
  const detail = {
    model: modelName,
    'run.$': '$$.Execution.Name',
    'result.$': `States.Format('s3://${bucketName}/${runKey(modelName, '{}', 'result')}', $$.Execution.Name)`,
  };
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::events:putEvents`,
    Parameters: { Entries: [{ Source: 'entirespace', DetailType: detailType, Detail: detail }] },
    End: true,
  };
}
