/**
 * What the gate will say of any model of a log, whatever training makes of it: known once the rows are encoded, before
 * the first step.
 */
import { isDebiased } from '../config/check/check-model-type.ts';
import type { Declaration } from '../config/declaration.ts';
import { PROPENSITY_FLOOR } from '../config/sections/model.ts';
import { LEAST_OUTCOMES } from '../evaluation/calibration/calibration-rows.ts';
import { earlierStages, stageGraph } from '../model/stage-graph.ts';
import { count, countOf, percent } from '../numbers/text.ts';
import { labelledStages } from '../table/check/labels.ts';
import { type FeatureCounts, unknownShares } from '../table/encode/value-counts.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import { LEAK_AUC } from '../table/fit/suspicious.ts';
import { LEAST_UNITS } from './comparison/bootstrap.ts';
import { fewConversionsAdvice } from './few-conversions.ts';

/** What is foreseen, one sentence each. */
export interface Foreseen {
  /** Why the gate would refuse every version that is trained on the log; empty if it may pass one. */
  readonly refusals: readonly string[];
  /** What else the held-out rows cannot tell. */
  readonly notes: readonly string[];
}

/** What of a declaration it is foreseen from. */
type Foreseeing = Pick<Declaration, 'root' | 'stages' | 'roles' | 'split' | 'gate' | 'training' | 'model'>;

/**
 * Returns what is foreseen from the rows of each part.
 * @param testCounts Counts of the test rows' values, by the encoder of the log.
 */
export function foresee(declaration: Foreseeing, summary: LogSummary, testCounts: FeatureCounts): Foreseen {
  const { stages, roles, split, gate, training } = declaration;
  const { validation, test } = summary.parts;
  const labelled = labelledStages({ stages });
  const notes = flatPropensities(declaration, summary);
  if (validation.rows === 0 && training.patience !== null)
    notes.push(
      `no row is in the validation part: training cannot stop early, and keeps the last of ${training.epochs} epochs (${summary.split})`,
    );
  if (validation.rows === 0 && training.calibration !== 'none')
    notes.push(
      `no row is in the validation part: nothing is calibrated (training.calibration ${training.calibration}, ${summary.split})`,
    );
  for (const { name } of training.calibration === 'none' || validation.rows === 0 ? [] : labelled) {
    const { positives = 0, negatives = 0 } = validation.labels[name] ?? {};
    if (Math.min(positives, negatives) < LEAST_OUTCOMES)
      notes.push(
        `${count(positives)} of the validation rows have a ${name} and ${count(negatives)} have none: it is left out of the calibration, which needs ${LEAST_OUTCOMES} of each`,
      );
  }
  for (const { feature, stage, auc } of summary.suspicious)
    if (auc > LEAK_AUC && !gate.trusted.includes(feature))
      notes.push(
        `${feature} tells ${stage} alone with an AUC above ${LEAK_AUC}: the gate refuses every version that has it, unless gate.trusted lists it`,
      );
  for (const { name } of validation.rows === 0 ? [] : labelled)
    if (validation.labels[name]?.positives === 0)
      notes.push(`no ${name} is among ${countOf(validation.rows, 'validation row')}: early stopping hardly sees it`);
  if (test.rows === 0)
    return { refusals: [`no row is in the test part, so there is none to judge by (${summary.split})`], notes };
  const unknown = Object.entries(unknownShares(testCounts)).filter(([, share]) => share > gate.maxUnknown);
  const refusals = [
    ...labelled.flatMap(({ name }) => {
      const { positives = 0, negatives = 0 } = test.labels[name] ?? {};
      if (positives > 0) return [];
      return positives + negatives === 0
        ? [`no ${name} label in the test part is settled: all ${countOf(test.rows, 'row')} are younger than within`]
        : [`no ${name} is among ${countOf(test.rows, 'test row')}, so its metrics cannot be told`];
    }),
    ...unknown.map(
      ([feature, share]) =>
        `${percent(share)} of the values of ${feature} in the test rows are unknown, expected at most ${percent(gate.maxUnknown)} (gate.max_unknown)${split.by === 'hash' && !split.isDefault ? `: ${summary.split}` : ''}`,
    ),
  ];
  const { groups } = test;
  if (refusals.length === 0 && groups !== null && groups > 1 && groups < LEAST_UNITS)
    notes.push(
      `the test rows are of ${count(groups)} groups (log.group), the gate needs ${count(LEAST_UNITS)} to compare a version with the one in use`,
    );
  const conversion = roles?.conversion;
  const conversions = conversion === undefined ? 0 : (test.labels[conversion]?.positives ?? 0);
  if (refusals.length === 0 && conversions > 0 && conversions < gate.minConversions)
    notes.push(
      `${count(conversions)} of the test rows have a ${conversion}, the gate needs ${count(gate.minConversions)} to compare a version with the one in use (gate.min_conversions): after the first version none comes into use by itself; ${fewConversionsAdvice(conversions)}`,
    );
  return { refusals, notes };
}

/** Tells the stages that are so rare that the floor of their propensities leaves nothing to debias by. */
function flatPropensities(declaration: Foreseeing, { parts }: LogSummary): string[] {
  const { type, propensityFloor = PROPENSITY_FLOOR } = declaration.model;
  if (!isDebiased(type)) return [];
  return earlierStages(stageGraph(declaration)).flatMap((stage) => {
    const { weightedPositives = 0, weightedRows = 0 } = parts.train.labels[stage] ?? {};
    const rate = weightedPositives / weightedRows;
    if (!(rate <= propensityFloor)) return [];
    return `the rate of ${stage} in the training rows is ${percent(rate)}, not above model.propensity_floor ${propensityFloor}: most rows weigh the same, so that ${type} debiases little`;
  });
}
