/**
 * Changes that last: what is refused as broken tonight, and the same in every run since, is how things are now. After
 * a declared number of such refusals, each on other data, the change is accepted. A feature of the new version that
 * has lost its values is not: however long it lasts, the version would learn nothing from it, and the declaration
 * should go without it.
 */
import type { GateChoice } from '../../config/declaration.ts';
import { TRAINING_ROWS } from './feature-guards.ts';
import type { Guard, GuardKind } from './guard.ts';

/** A decision of the gate on an earlier version, against the same current version. */
export interface EarlierDecision {
  readonly guards: readonly Guard[];
  /** Rows that were compared. */
  readonly rows: number;
}

type LastingRules = Pick<GateChoice, 'labelRate' | 'maxRise' | 'lastingAfter'>;

/** Factor by which two ratios of medians may differ to be one change of the unit. */
const SAME_SCALE = 1.5;

/** Whether two values of a guard are one change; guards that are not here never give way to repetition. */
const ALIKE: Partial<Record<GuardKind, (a: number, b: number, rules: LastingRules) => boolean>> = {
  label_rate: (a, b, { labelRate }) => Math.max(a, b) <= labelRate * Math.min(a, b),
  // Of a feature of the current version alone.
  missing: (a, b, { maxRise }) => Math.abs(a - b) <= maxRise,
  unknown_ids: (a, b, { maxRise }) => Math.abs(a - b) <= maxRise,
  repeated_keys: (a, b, { maxRise }) => Math.abs(a - b) <= maxRise,
  scale: (a, b) => a / b < SAME_SCALE && b / a < SAME_SCALE,
};

/**
 * Accepts the guards that do not hold where the same was so in enough earlier decisions, and says of the others how
 * often it was.
 * @param earlier the earlier decisions, the latest first.
 */
export function acceptLasting(
  guards: readonly Guard[],
  rows: number,
  earlier: readonly EarlierDecision[],
  rules: LastingRules,
): Guard[] {
  const { lastingAfter } = rules;
  if (lastingAfter === null) return [...guards];
  const before = onOtherData({ guards, rows }, earlier);
  return guards.map((guard) => {
    if (guard.holds || ALIKE[guard.guard] === undefined || isLostFeature(guard, guards)) return guard;
    const refusals = before.findIndex((decision) => !sawTheSame(decision, guard, rules));
    const times = refusals === -1 ? before.length : refusals;
    return times >= lastingAfter ? accepted(guard, times) : counted(guard, times + 1, lastingAfter);
  });
}

/** Whether it is about a missing feature that the new version has, too: one whose training rows were looked at. */
function isLostFeature({ guard, of }: Guard, guards: readonly Guard[]): boolean {
  return (
    guard === 'missing' && guards.some((own) => own.guard === guard && own.of === of && own.where === TRAINING_ROWS)
  );
}

function accepted(guard: Guard, times: number): Guard {
  const runs = times === 1 ? 'run before' : `last ${times} runs`;
  const sentence = `${guard.sentence}; accepted, for it was so in the ${runs}, too (gate.lasting_after)`;
  return { ...guard, holds: true, isLasting: true, sentence };
}

function counted(guard: Guard, times: number, lastingAfter: number): Guard {
  const sentence = `${guard.sentence}; refusal ${times} of ${lastingAfter}, after which it is accepted as lasting (gate.lasting_after)`;
  return { ...guard, sentence };
}

function sawTheSame({ guards }: EarlierDecision, { guard, of, where, value }: Guard, rules: LastingRules): boolean {
  const found = guards.find((other) => other.guard === guard && other.of === of && other.where === where);
  if (found === undefined || (found.holds && found.isLasting !== true)) return false;
  if (found.value === null || value === null) return false;
  return ALIKE[guard]?.(found.value, value, rules) ?? false;
}

/** Leaves out the decisions on data that a later one was made on, too: the same night again is no further evidence. */
function onOtherData(now: EarlierDecision, earlier: readonly EarlierDecision[]): EarlierDecision[] {
  const seen = new Set([signature(now)]);
  return earlier.filter((decision) => {
    const text = signature(decision);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** What tells data from other data: the rows, the rates of the labels, and how much is missing. */
function signature({ guards, rows }: EarlierDecision): string {
  const told = guards.filter(({ guard }) => guard === 'label_rate' || guard === 'missing');
  return JSON.stringify([rows, ...told.map(({ value }) => value)]);
}
