/**
 * The gate: whether a newly trained model, the challenger, takes the place of the champion that is in use. Pure: what
 * rows these are, and that neither model has read them, is proven elsewhere.
 */
import type { GateChoice } from '../config/declaration.ts';
import { evaluateFunnel, type FunnelMetrics, type FunnelTask } from '../evaluation/funnel.ts';
import { count, precise } from '../numbers/text.ts';
import { blockUnits, bootstrapRatios, groupUnits, quantile, ratioOf, sumByUnit, type Units } from './bootstrap.ts';
import { compareOutput, type OutputComparison } from './compare.ts';
import {
  driftGuard,
  entropyGuard,
  type Guard,
  labelRateGuard,
  numbersGuard,
  pcocGuard,
  unknownGuard,
} from './guards.ts';
import { type LossStage, rowLosses } from './row-losses.ts';

/** Resamples of the bootstrap. */
export const RESAMPLES = 2000;
/** Confidence of the one-sided bound on the difference in loss. */
export const CONFIDENCE = 0.95;
/** Fewest units, such as users or days, for a bootstrap; from fewer, resamples do not show the spread between them. */
const LEAST_UNITS = 30;
const DAY_MS = 86_400_000;

/** Rows of the gate window, in the order of the log. */
export interface GateRows {
  /** Labels of the rows by labelled stage: 1, 0, or -1 if unknown. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  /** Rows of the full log that a row stands for; `null` for 1 each. */
  readonly weight: Float32Array | null;
  /** The declared group of each row, such as its user, or else its day; `null` if the log has neither. */
  readonly group: { readonly of: Float64Array; readonly kind: 'groups' | 'days' } | null;
}

/** A model's probabilities of the gate's rows, and rates of its training rows. */
export interface Contender {
  /** Probabilities of the rows by output. */
  readonly probabilities: Readonly<Record<string, Float32Array>>;
  /** Share of its training rows that reached each labelled stage. */
  readonly stageRates: Readonly<Record<string, number>>;
  /** Mean label of its training rows by task. */
  readonly taskRates: Readonly<Record<string, number>>;
}

/** The new model. */
export interface Challenger extends Contender {
  /** Share of a feature's values that its encoder does not know, by feature with a vocabulary. */
  readonly unknownShares: Readonly<Record<string, number>>;
}

/** The model of the current version. */
export interface Champion extends Contender {
  readonly version: string;
  readonly ageMs: number;
}

/** Everything that the gate decides by. */
export interface GateInput {
  readonly rules: GateChoice;
  readonly seed: number;
  readonly rows: GateRows;
  readonly tasks: readonly FunnelTask[];
  /** The labelled stages of the loss. */
  readonly loss: readonly LossStage[];
  /** Stage whose positives are counted against `min_conversions`. */
  readonly conversion: string;
  readonly challenger: Challenger;
  /** `null` where no version is in use. */
  readonly champion: Champion | null;
}

/** Champion and challenger on the loss; nats a row, the difference is champion - challenger. */
export interface LossComparison {
  readonly champion: number;
  readonly challenger: number;
  readonly difference: number;
  /** One-sided 95% lower bound of the difference, and what it must exceed. */
  readonly lowerBound: number;
  readonly threshold: number;
  readonly resamples: number;
  /** What was resampled, and how many of it. */
  readonly units: { readonly kind: 'groups' | 'days' | 'blocks of rows'; readonly count: number };
}

export interface GateFigures {
  readonly rows: number;
  readonly conversions: number;
  /** `null` where there is no champion, or nothing to compare on. */
  readonly loss: LossComparison | null;
  readonly guards: readonly Guard[];
  readonly outputs: readonly OutputComparison[];
}

/** The verdict on a model, with its reasons and figures. Plain JSON. */
export interface Judgement {
  readonly verdict: 'first' | 'promoted' | 'refused';
  /** Sentences for people: every reason to refuse the model or, if there is none, the reasons to promote it. */
  readonly reasons: readonly string[];
  readonly figures: GateFigures;
}

/** Judges a challenger on the rows of the gate window. */
export function judge(input: GateInput): Judgement {
  const { rows, challenger, champion, conversion } = input;
  const facts = { rows: rowCount(rows), conversions: positives(rows.labels[conversion]) };
  const refused = (reasons: readonly string[], figures: Partial<GateFigures> = {}): Judgement => ({
    verdict: 'refused',
    reasons,
    figures: { ...facts, loss: null, guards: [], outputs: [], ...figures },
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

  const units = unitsOf(rows);
  const outputs = compareOutputs(input, units.units);
  const guards = [...numbers, ...guardsOf(input, outputs)];
  const loss = champion === null ? null : compareLosses(input, champion, units);
  const problems = [...failures(guards), ...(loss === null ? [] : lossProblems(input, facts.conversions, loss))];
  const figures = { ...facts, loss, guards, outputs: outputs.map(({ comparison }) => comparison) };
  if (problems.length > 0) return refused(problems, figures);
  return loss === null
    ? { verdict: 'first', reasons: ['no version is in use to compare with, and nothing looks broken'], figures }
    : { verdict: 'promoted', reasons: [promotionReason(loss)], figures };
}

interface ChosenUnits {
  readonly units: Units;
  readonly kind: LossComparison['units']['kind'];
}

/** Few days say nothing of the spread between days: then it is that between blocks of consecutive rows. */
function unitsOf(rows: GateRows): ChosenUnits {
  const grouped = rows.group === null ? null : groupUnits(rows.group.of);
  if (grouped === null || rows.group === null || (rows.group.kind === 'days' && grouped.distinct < LEAST_UNITS))
    return { units: blockUnits(rowCount(rows)), kind: 'blocks of rows' };
  return { units: grouped, kind: rows.group.kind };
}

interface ComparedOutput {
  readonly task: FunnelTask;
  readonly comparison: OutputComparison;
  /** Why the challenger's normalised entropy is undefined, where it is. */
  readonly undefinedBecause: string;
}

function compareOutputs({ rows, tasks, challenger, champion, seed }: GateInput, units: Units): ComparedOutput[] {
  const own = measure(rows, tasks, challenger);
  const other = champion && measure(rows, tasks, champion);
  return tasks.map((task, index) => {
    const measured = (metrics: FunnelMetrics, { probabilities }: Contender) => ({
      metrics: metrics.tasks[index] as FunnelMetrics['tasks'][number],
      probability: probabilities[task.output] as Float32Array,
    });
    const models = {
      challenger: measured(own, challenger),
      champion: champion && other && measured(other, champion),
    };
    const entropy = models.challenger.metrics.normalizedEntropy;
    return {
      task,
      comparison: compareOutput(rows, units, task, models, { resamples: RESAMPLES, seed }),
      undefinedBecause: entropy.value === null ? entropy.reason : '',
    };
  });
}

function measure({ labels, weight }: GateRows, tasks: readonly FunnelTask[], contender: Contender): FunnelMetrics {
  const { probabilities, taskRates } = contender;
  return evaluateFunnel({ probabilities, labels, weight, group: null }, { tasks, trainingRates: taskRates });
}

function guardsOf({ rules, rows, challenger, champion }: GateInput, outputs: readonly ComparedOutput[]): Guard[] {
  const ofOutputs = outputs.flatMap(({ task, comparison, undefinedBecause }) => [
    entropyGuard(comparison, task.given, undefinedBecause),
    pcocGuard(comparison, rules.pcoc),
  ]);
  const ofIds = Object.entries(challenger.unknownShares).map(([feature, share]) =>
    unknownGuard(feature, share, rules.maxUnknown),
  );
  if (champion === null) return [...ofOutputs, ...ofIds];
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
      labelRateGuard(stage, 'the new training rows', trainingRate, championRate, rules.labelRate),
      labelRateGuard(stage, 'the compared rows', rateOf(label, rows.weight), championRate, rules.labelRate),
    ];
  });
  return [...ofOutputs, ...ofIds, ...ofScores, ...ofLabels];
}

function compareLosses(
  { rows: { labels, weight }, loss, challenger, rules, seed }: GateInput,
  champion: Champion,
  { units, kind }: ChosenUnits,
): LossComparison {
  const weightOf = (row: number) => (weight === null ? 1 : (weight[row] as number));
  const summed = (losses: Float64Array) => sumByUnit(units, (row) => weightOf(row) * (losses[row] as number));
  const [before, after] = [champion, challenger].map(({ probabilities }) => rowLosses(loss, probabilities, labels));
  const differences = (before as Float64Array).map((value, row) => value - ((after as Float64Array)[row] as number));
  const denominator = sumByUnit(units, weightOf);
  const difference = { numerator: summed(differences), denominator };
  const [resampled] = bootstrapRatios([difference], units.count, { resamples: RESAMPLES, seed });
  const championLoss = ratioOf({ numerator: summed(before as Float64Array), denominator });
  const isOld = rules.maxAgeMs !== null && champion.ageMs > rules.maxAgeMs;
  return {
    champion: championLoss,
    challenger: ratioOf({ numerator: summed(after as Float64Array), denominator }),
    difference: ratioOf(difference),
    lowerBound: quantile(resampled as Float64Array, 1 - CONFIDENCE),
    threshold: isOld ? -rules.tolerance * championLoss : 0,
    resamples: RESAMPLES,
    units: { kind, count: units.distinct },
  };
}

function lossProblems(
  { rules, conversion, champion }: GateInput,
  conversions: number,
  { lowerBound, threshold, units, ...loss }: LossComparison,
): string[] {
  if (conversions < rules.minConversions)
    return [
      `metrics decide nothing: ${count(conversions)} rows with ${conversion} to compare on, expected at least ${count(rules.minConversions)} (gate.min_conversions)`,
    ];
  if (units.count < LEAST_UNITS)
    return [
      `metrics decide nothing: ${count(units.count)} ${units.kind} to resample, expected at least ${LEAST_UNITS}`,
    ];
  if (lowerBound > threshold) return [];
  const age = threshold < 0 && champion !== null ? `, for the current version is ${days(champion.ageMs)} old` : '';
  return [
    `not shown to be better: log loss ${precise(loss.challenger)} against ${precise(loss.champion)} of the current version, lower by ${precise(loss.difference)}, with 95% confidence by at least ${precise(lowerBound)}, expected above ${precise(threshold)}${age} (${resampling(units)})`,
  ];
}

function promotionReason({ lowerBound, threshold, units, ...loss }: LossComparison): string {
  const how = threshold < 0 ? `enough to replace an old version (above ${precise(threshold)})` : 'better';
  return `${how}: log loss ${precise(loss.challenger)} against ${precise(loss.champion)} of the version before, lower by ${precise(loss.difference)}, with 95% confidence by at least ${precise(lowerBound)} (${resampling(units)})`;
}

function resampling({ kind, count: units }: LossComparison['units']): string {
  return `${count(RESAMPLES)} resamples of ${count(units)} ${kind}`;
}

/** Outputs that the comparison needs and the champion does not have. */
function missingFrom({ probabilities }: Champion, { tasks, loss }: GateInput): string[] {
  const outputs = [...new Set([...tasks, ...loss].map(({ output }) => output))];
  return outputs.filter((output) => !Object.hasOwn(probabilities, output));
}

function failures(guards: readonly Guard[]): string[] {
  return guards.filter(({ holds }) => !holds).map(({ sentence }) => sentence);
}

function rowCount({ labels }: GateRows): number {
  return Object.values(labels)[0]?.length ?? 0;
}

function positives(label: Int8Array = new Int8Array()): number {
  return label.reduce((sum, value) => sum + Number(value === 1), 0);
}

function rateOf(label: Int8Array, weight: Float32Array | null): number {
  let [positive, known] = [0, 0];
  for (const [row, value] of label.entries()) {
    if (value < 0) continue;
    const counted = weight === null ? 1 : (weight[row] as number);
    known += counted;
    if (value === 1) positive += counted;
  }
  return positive / known;
}

function days(milliseconds: number): string {
  const whole = Math.floor(milliseconds / DAY_MS);
  return whole === 1 ? '1 day' : `${whole} days`;
}
