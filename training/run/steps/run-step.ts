/**
 * What a container of a run does: the whole run, or one of the three steps of a run whose training is PyTorch's. Between
 * two steps the lease is free: where another run takes it then, this one ends with its next step, and promotes nothing.
 */
import type { RunSettings } from '../environment.ts';
import type { RunResult } from '../records.ts';
import { runTraining } from '../run.ts';
import type { RunTools } from '../tools.ts';
import { exportBundle } from './export-bundle.ts';
import { trainOnBundle } from './train-on-bundle.ts';

/**
 * Does a run's step, and returns the run's result; `null` where the run goes on with another step.
 * @throws {Error} as the step.
 */
export async function runStep(settings: RunSettings, tools: RunTools): Promise<RunResult | null> {
  if (settings.step === 'export') await exportBundle(settings, tools);
  else if (settings.step === 'train') await trainOnBundle(settings, tools);
  else return runTraining(settings, tools);
  return null;
}
