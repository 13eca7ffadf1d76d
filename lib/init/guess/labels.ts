/** Finds the labels among the 0/1 columns of a log, and the order of their stages. */
import type { ColumnFacts } from '../../table/profile/column-facts.ts';
import type { LabelPatterns } from '../../table/profile/relations.ts';
import { InitError } from '../choices.ts';
import type { Choices, Doubt, LeftOutColumn, StageDraft } from '../draft.ts';
import { type LabelRole, labelRole } from '../names.ts';
import { asLabel, noLabel, whyNoLabel } from './no-label.ts';

/** The labels of a log, and what follows from them. */
export interface GuessedLabels {
  readonly stages: readonly StageDraft[];
  /** 0/1 columns that are 1 only where a label is, and are no stage. */
  readonly outcomes: readonly LeftOutColumn[];
  readonly doubts: readonly Doubt[];
}

/** Share of a label's rows that must have the label before. */
const NESTED = 0.99;
/** Rows that would contradict the order of two labels by chance: with fewer, their order says nothing. */
const EXPECTED_CONTRADICTIONS = 5;

/** Returns the columns whose values are those of a label: 0 and 1, true and false, yes and no, each in some rows. */
export function labelCandidates(columns: readonly ColumnFacts[]): ColumnFacts[] {
  return columns.filter(
    ({ kind, present, ones, zeros, distinct }) =>
      kind !== 'list' && kind !== 'time' && ones > 0 && zeros > 0 && ones + zeros === present && distinct <= 4,
  );
}

interface Label {
  readonly column: string;
  readonly ones: number;
  readonly rate: number;
  readonly role: LabelRole | null;
}

/**
 * Guesses the funnel from 0/1 columns, how often they are 1 together, and their names.
 * @param candidates the columns in the order of the patterns.
 * @param dependent names of those that are the same in all rows of a user or an item: they describe these.
 * @throws {InitError} naming what was looked for, and the flag that names a label.
 */
export function guessLabels(
  source: string,
  columns: readonly ColumnFacts[],
  candidates: readonly ColumnFacts[],
  { patterns }: LabelPatterns,
  dependent: ReadonlySet<string>,
  choices: Choices,
): GuessedLabels {
  const rows = patterns.reduce((sum, pattern) => sum + pattern.rows, 0);
  const labels = candidates.map(
    ({ name, ones }): Label => ({ column: name, ones, rate: ones / rows, role: labelRole(name) }),
  );
  const indexOf = (column: string) => candidates.findIndex(({ name }) => name === column);
  const together = (a: string, b: string) => {
    const [i, j] = [indexOf(a), indexOf(b)];
    return patterns.reduce((sum, { values, rows: n }) => sum + (values[i] === '1' && values[j] === '1' ? n : 0), 0);
  };
  const isWithin = (inner: Label, outer: Label) => together(inner.column, outer.column) >= NESTED * inner.ones;
  const isFunnel = (inner: Label, outer: Label) =>
    isWithin(inner, outer) && inner.ones < outer.ones && inner.ones * (1 - outer.rate) >= EXPECTED_CONTRADICTIONS;
  const chosen = chosenLabels(source, columns, labels, choices);
  const free = labels.filter(({ column }) => !dependent.has(column));
  const named = chosen.size > 0 ? [] : rolesByName(free, isFunnel);
  const unnamed = chosen.size > 0 || named.length > 0 ? [] : rolesByNesting(free, isFunnel);
  const roles = chosen.size > 0 ? [...chosen] : named.length > 0 ? named : unnamed;
  if (roles.length === 0) throw new InitError(noLabel(source, columns, free));
  const stages = orderStages(roles, rows, isWithin, together);
  const used = new Set(roles.map(([, { column }]) => column));
  const outcomes = free
    .filter(({ column }) => !used.has(column))
    .flatMap((label) => {
      const outer = roles
        .map(([, other]) => other)
        .find((other) => isFunnel(label, other) || isSame(label, other, together));
      return outer === undefined ? [] : [{ column: label.column, why: `1 only where ${outer.column} is 1` }];
    });
  return { stages, outcomes, doubts: unnamed.length > 0 ? doubtsOf(unnamed, free) : [] };
}

function isSame(a: Label, b: Label, together: (a: string, b: string) => number): boolean {
  return a.ones === b.ones && together(a.column, b.column) === a.ones;
}

/** The labels that the user names, by stage. */
function chosenLabels(
  source: string,
  columns: readonly ColumnFacts[],
  labels: readonly Label[],
  choices: Choices,
): ReadonlyMap<string, Label> {
  return new Map(
    [...choices.labels].map(([stage, column]) => {
      const found = labels.find((label) => label.column === column);
      if (found !== undefined) return [stage, found];
      const facts = columns.find(({ name }) => name === column);
      const why = facts === undefined ? 'is no column' : whyNoLabel(facts);
      const remedy = facts === undefined ? '' : asLabel(facts);
      throw new InitError(`--label ${stage}: ${column} ${why}, expected 0 and 1${remedy} (in ${source})`);
    }),
  );
}

type Roles = readonly (readonly [stage: string, label: Label])[];

/** Labels by their names: the click, the conversion, and what is between or beside them. */
function rolesByName(labels: readonly Label[], isFunnel: (inner: Label, outer: Label) => boolean): Roles {
  const byRole = (role: LabelRole) => labels.filter((label) => label.role === role).toSorted((a, b) => b.ones - a.ones);
  const [clicks, conversions, actions] = [byRole('click'), byRole('conversion'), byRole('action')];
  const generic = byRole('label');
  const conversion = conversions.at(-1);
  const outer = (inner: Label | undefined) =>
    inner === undefined ? [] : labels.filter((label) => label.role === null && isFunnel(inner, label));
  const click =
    clicks.find(({ column }) => /cl(i?c)?k/i.test(column)) ??
    clicks[0] ??
    [...actions, ...conversions, ...generic, ...outer(conversion)]
      .filter((label) => label !== conversion && conversion !== undefined && isFunnel(conversion, label))
      .toSorted((a, b) => b.ones - a.ones)[0] ??
    (conversion === undefined ? (actions[0] ?? generic[0]) : undefined);
  if (click === undefined) return conversion === undefined ? [] : [['conversion', conversion]];
  const inner = labels.filter((label) => label !== click && isFunnel(label, click));
  const last = conversion ?? [...actions, ...inner].filter((label) => label !== click && isFunnel(label, click)).at(-1);
  const others = [...clicks, ...conversions, ...actions].filter((label) => label !== click && label !== last);
  return [
    ['click', click],
    ...(last === undefined ? [] : [['conversion', last] as const]),
    ...others.map((label) => [stageNameOf(label.column), label] as const),
  ];
}

/** Labels by their values alone: the longest chain of columns of which each is 1 only where the one before is. */
function rolesByNesting(labels: readonly Label[], isFunnel: (inner: Label, outer: Label) => boolean): Roles {
  const chainFrom = (outer: Label): readonly Label[] => {
    const inner = labels.filter((label) => isFunnel(label, outer)).map(chainFrom);
    return [outer, ...longest(inner)];
  };
  const chain = longest(labels.map(chainFrom));
  const [click, ...rest] = chain.length > 1 || labels.length === 1 ? chain : [];
  const conversion = rest.at(-1);
  if (click === undefined) return [];
  return [
    ['click', click],
    ...(conversion === undefined ? [] : [['conversion', conversion] as const]),
    ...rest.slice(0, -1).map((label) => [stageNameOf(label.column), label] as const),
  ];
}

function longest(chains: readonly (readonly Label[])[]): readonly Label[] {
  // Of chains that are as long, the last column is most likely among the labels: they are written last.
  return chains.reduce((best, chain) => (chain.length >= best.length ? chain : best), []);
}

/** Puts the stages in order, each after the narrowest one that has all of its rows. */
function orderStages(
  roles: Roles,
  rows: number,
  isWithin: (inner: Label, outer: Label) => boolean,
  together: (a: string, b: string) => number,
): StageDraft[] {
  const ordered = roles.toSorted(([, a], [, b]) => b.ones - a.ones);
  const click = roles.find(([stage]) => stage === 'click');
  return ordered.map(([name, label], index): StageDraft => {
    const earlier = ordered.slice(0, index);
    const parent =
      earlier.findLast(([, other]) => isWithin(label, other)) ?? (name === 'conversion' ? click : undefined);
    const reached = parent === undefined ? label.ones : together(label.column, parent[1].column);
    return {
      name,
      label: label.column,
      from: parent?.[0] ?? null,
      inconsistent: (label.ones - reached) / rows,
      ones: reached,
      before: parent?.[1].ones ?? rows,
    };
  });
}

/** The name of a stage after its column. */
function stageNameOf(column: string): string {
  const name = column
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^(is|has|label)_|_(bool|flag|label)$/g, '')
    .replace(/^_+|_+$/g, '');
  return /^[a-z]/.test(name) &&
    !['click', 'conversion', 'impression', 'constructor'].includes(name) &&
    !name.endsWith('_entire')
    ? name
    : `stage_${name}`;
}

function doubtsOf(roles: Roles, labels: readonly Label[]): Doubt[] {
  const main = roles.filter(([stage]) => stage === 'click' || stage === 'conversion');
  return main.map(([stage, { column }]) => ({
    about: { label: stage },
    question: `which column is the label of the ${stage}?`,
    guess: column,
    others: labels.map((label) => label.column).filter((other) => other !== column),
  }));
}
