/** The state machine of a run of monitoring: that of a scheduled task. The task itself sends the events. */
import { type TaskPlace, taskStates } from '../tasks/task-states.ts';

/** Returns the definition, as `taskStates`. */
export function monitoringDefinition(place: TaskPlace, modelName: string) {
  return taskStates(place, {
    title: `Monitoring of ${modelName}`,
    afterFailure: 'what it found and did not tell is told by the next run',
    memorySetting: 'monitoringMemory',
    success: 'Monitored',
    exits: [],
    states: { Monitored: { Type: 'Succeed' } },
  });
}
