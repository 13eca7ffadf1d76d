/**
 * The gate: whether a newly trained model, the challenger, takes the place of the champion that is in use. Pure: what
 * rows these are, and that neither model has read them, is proven elsewhere.
 */
import { evaluateFunnel, type FunnelMetrics, type FunnelTask } from '../evaluation/funnel.ts';
import { unknownShares } from '../table/encode/value-counts.ts';
import { chooseUnits } from './comparison/choose-units.ts';
import { type ChosenUnits, compareOutputs, type OutputComparison } from './comparison/compare.ts';
import { compareLosses, type LossComparison, lossProblems, promotionReason, RESAMPLES } from './comparison/loss.ts';
import { driftNotes } from './feature-drift.ts';
import {
  COMPARED_ROWS,
  changeGuards,
  leakGuard,
  oddFeatures,
  TRAINING_ROWS,
  unknownGuard,
} from './guards/feature-guards.ts';
import { failures, type Guard } from './guards/guard.ts';
import { acceptLasting } from './guards/lasting.ts';
import { driftGuard, entropyGuard, labelRateGuard, numbersGuard, pcocGuard } from './guards/output-guards.ts';
import { repeatedKeysGuard } from './guards/repeated-keys.ts';
import type { Champion, Contender, GateInput, GateRows } from './input.ts';

export interface GateFigures {
  readonly rows: number;
  readonly conversions: number;
  /** `null` where there is no champion, or nothing to compare on. */
  readonly loss: LossComparison | null;
  readonly guards: readonly Guard[];
  readonly outputs: readonly OutputComparison[];
  /** What people should know of the data, but which refuses nothing. */
  readonly notes: readonly string[];
}

/** The verdict on a model, with its reasons and figures. Plain JSON. */
export interface Judgement {
  readonly verdict: 'first' | 'promoted' | 'refused';
  /** Sentences for people: every reason to refuse the model or, if there is none, the reasons to promote it. */
  readonly reasons: readonly string[];
  readonly figures: GateFigures;
}

/** Returns a model's metrics on the rows; called once for each model whose probabilities are numbers. */
export type Measure = (contender: Contender) => FunnelMetrics;

/** Measures a model on the rows of the gate window. */
export function measureContender({ rows: { labels, weight }, tasks }: GateInput, contender: Contender): FunnelMetrics {
  const { probabilities, taskRates } = contender;
  return evaluateFunnel({ probabilities, labels, weight, group: null }, { tasks, trainingRates: taskRates });
}

/** Judges a challenger on the rows of the gate window. */
export function judge(
  input: GateInput,
  measure: Measure = (contender) => measureContender(input, contender),
): Judgement {
  const { rows, challenger, champion, conversion } = input;
  const facts = { rows: rowCount(rows), conversions: positives(rows.labels[conversion]) };
  const notes = featureNotes(input);
  const refused = (reasons: readonly string[], figures: Partial<GateFigures> = {}): Judgement => ({
    verdict: 'refused',
    reasons,
    figures: { ...facts, loss: null, guards: [], outputs: [], notes, ...figures },
  });
  if (facts.rows === 0) return refused(['there is no row to judge by: no mature row is held out']);
  const lacking = champion === null ? [] : missingFrom(champion, input);
  if (lacking.length > 0)
    return refused([`the current version has no output ${lacking.join(', ')}: it cannot be compared with`]);
  const numbers = [
    numbersGuard('new version', challenger.probabilities),
    ...(champion === null ? [] : [numbersGuard('current version', champion.probabilities)]),
  ];
  if (numbers.some(({ holds }) => !holds)) return refused(failures(numbers), { guards: numbers });

  const units = chooseUnits(rows);
  const outputs = compareModels(input, units, measure);
  const guards = [...numbers, ...acceptLasting(guardsOf(input, outputs), facts.rows, input.earlier, input.rules)];
  const loss = champion && compareLosses(input, champion, units);
  const byLoss = champion && loss && lossProblems(input, champion, facts.conversions, units, loss);
  const problems = [...failures(guards), ...(byLoss ?? [])];
  const figures = { ...facts, loss, guards, outputs: outputs.map(({ comparison }) => comparison), notes };
  if (problems.length > 0) return refused(problems, figures);
  const accepted = guards.filter(({ isLasting }) => isLasting).map(({ sentence }) => sentence);
  return loss === null
    ? { verdict: 'first', reasons: ['no version is in use to compare with, and nothing looks broken'], figures }
    : { verdict: 'promoted', reasons: [promotionReason(loss), ...accepted], figures };
}

/** What people should know of the features, but which refuses nothing. */
function featureNotes({ challenger: { features }, champion }: GateInput): string[] {
  if (champion === null) return oddFeatures(features);
  return champion.features === null
    ? ['missing and unknown values are not compared, for the current version does not tell how many it had']
    : driftNotes(champion.features.distributions, features.distributions);
}

interface ComparedOutput {
  readonly task: FunnelTask;
  readonly comparison: OutputComparison;
  /** Why the challenger's normalised entropy is undefined, where it is. */
  readonly undefinedBecause: string;
}

function compareModels(
  { rows, tasks, challenger, champion, seed }: GateInput,
  units: ChosenUnits,
  measure: Measure,
): ComparedOutput[] {
  const [own, other] = [measure(challenger), champion && measure(champion)];
  const measured = (metrics: FunnelMetrics, { probabilities }: Contender, index: number) => {
    const ofTask = metrics.tasks[index] as FunnelMetrics['tasks'][number];
    return { metrics: ofTask, probability: probabilities[ofTask.task.output] as Float32Array };
  };
  const outputs = tasks.map((task, index) => ({
    task,
    challenger: measured(own, challenger, index),
    champion: champion && other && measured(other, champion, index),
  }));
  const comparisons = compareOutputs(rows, units, outputs, { resamples: RESAMPLES, seed });
  return outputs.map(({ task, challenger: { metrics } }, index) => {
    const entropy = metrics.normalizedEntropy;
    return {
      task,
      comparison: comparisons[index] as OutputComparison,
      undefinedBecause: entropy.value === null ? entropy.reason : '',
    };
  });
}

function guardsOf(input: GateInput, outputs: readonly ComparedOutput[]): Guard[] {
  const { rules, challenger, champion } = input;
  const ofOutputs = outputs.flatMap(({ task, comparison, undefinedBecause }) => [
    entropyGuard(comparison, task.given, undefinedBecause),
    pcocGuard(comparison, rules.pcoc),
  ]);
  const ofFeatures = [
    ...Object.entries(unknownShares(challenger.features.counts.test)).map(([feature, share]) =>
      unknownGuard(feature, share, rules.maxUnknown),
    ),
    ...challenger.suspicious.map(leakGuard),
    ...(champion?.features == null
      ? []
      : changeGuards({ ...champion, challenger: challenger.features, champion: champion.features }, rules)),
  ].map((guard) => trusted(guard, rules.trusted));
  return [...ofOutputs, ...ofFeatures, ...(champion === null ? [] : guardsAgainst(input, champion, outputs))];
}

/** A feature that the declaration trusts is not refused for its values. */
function trusted(guard: Guard, features: readonly string[]): Guard {
  if (guard.holds || !features.includes(guard.of)) return guard;
  return { ...guard, holds: true, sentence: `${guard.sentence}; it is trusted (gate.trusted)` };
}

/** The guards of the scores and labels, each against the champion's. */
function guardsAgainst(
  { rules, rows, challenger }: GateInput,
  champion: Champion,
  outputs: readonly ComparedOutput[],
): Guard[] {
  const ofScores = outputs.map(({ task }) =>
    driftGuard(
      task,
      champion.probabilities[task.output] as Float32Array,
      challenger.probabilities[task.output] as Float32Array,
      rules.drift,
    ),
  );
  const ofLabels = Object.entries(champion.stageRates).flatMap(([stage, championRate]) => {
    const label = rows.labels[stage];
    const trainingRate = challenger.stageRates[stage];
    if (label === undefined || trainingRate === undefined) return [];
    return [
      labelRateGuard(stage, TRAINING_ROWS, trainingRate, championRate, rules.labelRate),
      labelRateGuard(stage, COMPARED_ROWS, rateOf(label, rows.weight), championRate, rules.labelRate),
    ];
  });
  const ofKeys = repeatedKeysGuard(challenger.repeatedKeys, champion.repeatedKeys, rules.maxRise);
  return [...ofScores, ...ofLabels, ofKeys];
}

/** Outputs that the comparison needs and the champion does not have. */
function missingFrom({ probabilities }: Champion, { tasks, loss }: GateInput): string[] {
  const outputs = [...new Set([...tasks, ...loss].map(({ output }) => output))];
  return outputs.filter((output) => !Object.hasOwn(probabilities, output));
}

function rowCount({ labels }: GateRows): number {
  return Object.values(labels)[0]?.length ?? 0;
}

function positives(label: Int8Array = new Int8Array()): number {
  return label.reduce((sum, value) => sum + Number(value === 1), 0);
}

function rateOf(label: Int8Array, weight: Float32Array | null): number {
  let [positive, known] = [0, 0];
  for (let row = 0; row < label.length; row++) {
    const value = label[row] as number;
    if (value < 0) continue;
    const counted = weight === null ? 1 : (weight[row] as number);
    known += counted;
    if (value === 1) positive += counted;
  }
  return positive / known;
}
