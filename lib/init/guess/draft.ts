/** Guesses a whole declaration from what was measured of a log. */
import { countOf } from '../../numbers/text.ts';
import type { ColumnFacts } from '../../table/profile/column-facts.ts';
import type { Dependence } from '../../table/profile/relations.ts';
import type { Choices, Doubt, Draft, FeatureDraft, LeftOutColumn, StageDraft } from '../draft.ts';
import type { MeasuredLog } from '../measure-log.ts';
import { modelNameOf } from '../model-name.ts';
import { idRole } from '../names.ts';
import { scalar } from '../render-draft.ts';
import { decideEntity, decideFeature, featureNames, hasDecimalComma } from './features.ts';
import { guessGroup, guessTime, isTime } from './ids.ts';
import { guessLabels } from './labels.ts';
import { guessTraining } from './training.ts';

/** A draft, and where the data leave a doubt. */
export interface GuessedDraft {
  readonly draft: Draft;
  readonly doubts: readonly Doubt[];
}

/** Share of a user's or an item's rows that have one value of a column that describes it. */
const CONSTANT = 0.98;
/** Days of a log from which its last rows are held out. */
const FEWEST_TIMES = 20;

/**
 * Guesses a declaration. Its keys are the first column that could be one, until `findKeys` has found them.
 * @throws {InitError} where the log has no label.
 */
export function guessDraft(measured: MeasuredLog, choices: Choices): GuessedDraft {
  const { profile, ids, candidates, patterns, dependence, weights } = measured;
  const { columns, rows, source } = profile;
  const shareOf = (role: keyof typeof dependence, name: string) => dependence[role]?.shares.get(name) ?? null;
  const isOf = (role: keyof typeof dependence, name: string) => (shareOf(role, name) ?? 0) >= CONSTANT;
  const dependent = new Set(
    candidates
      .filter((column) => [dependence.user, dependence.item].some((on) => describes(column, rows, on)))
      .map(({ name }) => name),
  );
  const labels = guessLabels(source, columns, candidates, patterns, dependent, choices);
  const isLabel = new Set(labels.stages.map(({ label }) => label));
  const { time, doubts } = guessTime(columns, rows, ({ name }) => !isOf('user', name) && !isOf('item', name), choices);
  const group = guessGroup(ids, rows, choices);
  const events = columns.filter((column) => isTime(column) && column.name !== time?.column);
  const { stages } = labels;
  const outcomes = [...labels.outcomes, ...eventOutcomes(stages, events, rows)];
  const isOutcome = new Set(outcomes.map(({ column }) => column));
  const weightsOf = new Set(weights.values());
  const inputs = columns.filter(
    ({ name }) => !isLabel.has(name) && !isOutcome.has(name) && name !== time?.column && !weightsOf.has(name),
  );
  const decimalComma = hasComma(columns);
  const names = featureNames(inputs.map(({ name }) => name));
  const features: FeatureDraft[] = [];
  const leftOut: LeftOutColumn[] = profile.unreadable.map(({ name, why }) => ({ column: name, why }));
  for (const column of inputs) {
    const decision = decide(column, measured, decimalComma);
    if ('leftOut' in decision) leftOut.push({ column: column.name, why: decision.leftOut });
    else {
      const { name } = column;
      const shares = { user: shareOf('user', name), item: shareOf('item', name), session: shareOf('session', name) };
      const isId = (['user', 'item'] as const).find((role) => ids[role] === column);
      const entity =
        isId ?? (column.isInPath || 'at_scoring' in decision.members ? 'context' : decideEntity(name, shares));
      features.push({ name: names.get(name) ?? name, column: name, entity, ...decision });
    }
  }
  const draft: Draft = {
    name: choices.name ?? modelNameOf(source),
    source,
    rows: profile.logRows,
    sampledRows: rows,
    stages,
    keys: [inputs[0]?.name ?? ''],
    keysWhy: '',
    time,
    group,
    outcomes,
    split: splitOf(columns, time?.column ?? null, group?.column ?? null, measured),
    ...guessTraining(profile.logRows, stages),
    maxRejected: null,
    decimalComma,
    tables: [],
    features,
    leftOut,
    entities: { user: ids.user?.name ?? null, item: ids.item?.name ?? null },
  };
  return { draft, doubts: [...labels.doubts, ...doubts] };
}

/**
 * Whether a 0/1 column describes a user or an item: it differs in few rows of an id. A label that is rare differs in few
 * as well, but in nearly as many as have it.
 */
function describes({ name, ones, zeros }: ColumnFacts, rows: number, on: Dependence | null): boolean {
  if (on === null) return false;
  const differing = (1 - (on.shares.get(name) ?? 0)) * on.repeated;
  const having = Math.min(ones, zeros) / Math.max(1, rows / on.repeated);
  return differing <= (1 - CONSTANT) * on.repeated && differing <= (1 - CONSTANT) * Math.max(1, having);
}

/** Decides about a column: ids of rows and sessions are no features, and those of the path have a value for scoring. */
function decide(column: ColumnFacts, { ids, profile: { rows }, weights }: MeasuredLog, decimalComma: boolean) {
  const role = idRole(column.name);
  if (column === ids.session || (role === 'row' && column.distinct > rows / 2))
    return { leftOut: `identifies ${role === 'row' ? 'a row' : 'a session'}, of which nothing is known beforehand` };
  const decision = decideFeature(column, rows, decimalComma);
  if ('leftOut' in decision) return decision;
  const weight = weights.get(column.name);
  if (decision.type === 'bag' && weight !== undefined)
    return {
      ...decision,
      members: { ...decision.members, weights: scalar(weight) },
      why: `${decision.why}; ${weight} has as many numbers in every row`,
    };
  if (column.isInPath)
    return {
      ...decision,
      members: { ...decision.members, at_scoring: 'null' },
      why: `${decision.why}; in the folders' names, which candidates may lack`,
    };
  return decision;
}

/** Times that are filled where, and only where, rows reached a stage. */
function eventOutcomes(
  stages: readonly StageDraft[],
  events: readonly ColumnFacts[],
  rows: number,
): readonly LeftOutColumn[] {
  return events.flatMap(({ name, present }) => {
    const stage = stages.find(({ ones }) => present === ones && present < rows);
    return stage === undefined
      ? []
      : [{ column: name, why: `filled where ${stage.label} is 1: the time of the ${stage.name}` }];
  });
}

/** Whether numbers have a decimal comma in some columns, and a point in none. */
function hasComma(columns: readonly ColumnFacts[]): boolean {
  const hasPoint = ({ kind, numbers }: ColumnFacts) =>
    kind === 'text' && numbers !== null && numbers.whole < numbers.count;
  return columns.some(hasDecimalComma) && !columns.some(hasPoint);
}

/** Rows of a log with few distinct times are held out by a hash: the last tenth may be no rows, or half of them. */
function splitOf(
  columns: readonly ColumnFacts[],
  time: string | null,
  group: string | null,
  { ids }: MeasuredLog,
): Draft['split'] {
  const facts = columns.find(({ name }) => name === time);
  if (group !== null && group === ids.session?.name && (facts === undefined || facts.distinct < FEWEST_TIMES))
    return { text: `{ hash: ${group} }`, why: 'whole sessions are held out' };
  if (facts === undefined || facts.distinct >= FEWEST_TIMES) return null;
  return {
    text: 'keys',
    why: `only ${countOf(facts.distinct, 'distinct time')}: rows are held out by a hash of their keys`,
  };
}
