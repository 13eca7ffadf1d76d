/** The step of a retraining that runs on a GPU, as a state of its state machine. */
import type { TaskPlace, TaskStep } from '../tasks/task-states.ts';

/** Where the job of that step is submitted. */
export interface GpuPlace {
  readonly jobDefinitionArn: string;
  /** A queue on Spot instances, and one on others. */
  readonly queueArns: { readonly spot: string; readonly 'on demand': string };
}

/** Returns the step: a job of AWS Batch, whose failure is told as that of a task. */
export function gpuStep(
  { partition, timeoutSeconds }: TaskPlace,
  { jobDefinitionArn, queueArns }: GpuPlace,
  name: string,
): TaskStep {
  return {
    name,
    on: (capacity) => ({
      Type: 'Task',
      Resource: `arn:${partition}:states:::batch:submitJob.sync`,
      TimeoutSeconds: timeoutSeconds,
      Parameters: {
        'JobName.$': '$$.Execution.Name',
        JobDefinition: jobDefinitionArn,
        JobQueue: queueArns[capacity],
        ContainerOverrides: { Environment: [{ Name: 'RUN_ID', 'Value.$': '$$.Execution.Name' }] },
      },
    }),
  };
}
