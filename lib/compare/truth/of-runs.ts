import type { Declaration } from '../../config/declaration.ts';
import type { ChosenUnits } from '../../gate/comparison/compare.ts';
import { type Truth, truthColumns } from '../../table/check/truth.ts';
import type { Chosen, Runs } from '../all-runs.ts';
import { comparedRoles } from '../protocol.ts';
import type { MeasuredOutcomes } from '../result/measure.ts';
import { measureTruth } from './measure-truth.ts';
import type { TruthResult } from './truth-file.ts';

/** The test rows of a comparison with what is true of them. */
export interface TrueTestPart {
  readonly declaration: Declaration;
  readonly truth: Truth;
  readonly outcomes: MeasuredOutcomes;
  readonly units: ChosenUnits;
}

/** Measures the runs of every model with its settings against the truth. */
export function truthOfRuns(
  runs: Runs,
  chosen: readonly Chosen[],
  { declaration, truth, outcomes, units: { units } }: TrueTestPart,
  against: string,
): Promise<TruthResult> {
  const { click } = comparedRoles(declaration);
  const columns = Object.fromEntries(truthColumns(declaration));
  const [seed = 1] = runs.seeds;
  const models = chosen.map((one) => ({ name: one.competitor.name, scores: () => runs.scores(one, 1) }));
  return measureTruth({ truth, columns, outcomes, click, units, seed }, models, against);
}
