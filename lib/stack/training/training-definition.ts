/**
 * The state machine of a retraining: that of a scheduled task, whose end goes to EventBridge: the run promoted its
 * version, or the gate refused it.
 */
import { runKey } from '../../contract/bucket.ts';
import { EVENT_SOURCE, EVENT_TYPES, type EventType } from '../../contract/events.ts';
import { RUN_EXIT_CODES } from '../../contract/exit-codes.ts';
import { fargateStep, type TaskPlace, type TaskStep, taskStates } from '../tasks/task-states.ts';
import { type GpuPlace, gpuStep } from './gpu-step.ts';

export interface TrainedModel {
  readonly bucketName: string;
  readonly modelName: string;
}

/** Returns the definition, as `taskStates`. */
export function trainingDefinition(place: TaskPlace, model: TrainedModel, gpu: GpuPlace | null = null) {
  return taskStates(place, endingsOf(place, model), gpu === null ? undefined : stepsWith(gpu, place));
}

/** A bundle of the data, the training on it, and what becomes of the weights. */
function stepsWith(gpu: GpuPlace, place: TaskPlace): TaskStep[] {
  return [
    fargateStep(place, 'Export', { STEP: 'export' }),
    gpuStep(place, gpu, 'Train'),
    fargateStep(place, 'Publish', { STEP: 'publish' }),
  ];
}

function endingsOf(place: TaskPlace, model: TrainedModel) {
  return {
    title: `Retraining of ${model.modelName}`,
    afterFailure: 'nothing was promoted',
    memorySetting: 'trainingMemory',
    success: 'AnnouncePromotion',
    exits: [
      [RUN_EXIT_CODES['not promoted'], 'AnnounceRefusal'],
      [RUN_EXIT_CODES['another run'], 'AnotherRunTrains'],
    ],
    states: {
      AnnouncePromotion: announce(place, model, EVENT_TYPES.promoted),
      AnnounceRefusal: announce(place, model, EVENT_TYPES.refused),
      AnotherRunTrains: { Type: 'Succeed' },
    },
  } as const;
}

/**
 * Returns the state that announces the end of a run. The run's result in the bucket has the version and the reasons.
 */
function announce({ partition }: TaskPlace, { bucketName, modelName }: TrainedModel, detailType: EventType) {
  const detail = {
    model: modelName,
    'run.$': '$$.Execution.Name',
    'result.$': `States.Format('s3://${bucketName}/${runKey(modelName, '{}', 'result')}', $$.Execution.Name)`,
  };
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::events:putEvents`,
    Parameters: { Entries: [{ Source: EVENT_SOURCE, DetailType: detailType, Detail: detail }] },
    End: true,
  };
}
