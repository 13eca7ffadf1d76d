/**
 * Post-click actions as in ESM2 (Wen et al., SIGIR 2020, arXiv 1910.07099): stages that a row may reach on its way from
 * the click to the conversion, or pass by. Without them the funnel is that of ESMM.
 */
import type { Declaration, Stage } from '../config/declaration.ts';
import type { Edit } from '../config/edit-declaration.ts';
import { findPath } from '../config/resolve/stage-paths.ts';

/** Stages of which a row reaches one or another: an action and its complement, or an exclusive group. */
export interface Action {
  /** The action's stage, or the name of the group. */
  readonly name: string;
  readonly stages: readonly string[];
}

/** Returns the actions that a row can pass by: each of their stages leads to the conversion, with nothing but actions between. */
export function actionsOf({ roles, stages }: Pick<Declaration, 'roles' | 'stages'>): readonly Action[] {
  if (roles === null) return [];
  const { click, conversion } = roles;
  const isBetween = (name: string) =>
    name !== click && name !== conversion && leadsTo(stages, click, name) && leadsTo(stages, name, conversion);
  return withChildren(
    stages,
    forksOf(stages).filter((action) => action.stages.every(isBetween)),
    conversion,
  );
}

/** Returns the edits of a declaration that leave out actions: what follows on them follows on what is before them. */
export function withoutActions({ stages }: Pick<Declaration, 'stages'>, actions: readonly Action[]): readonly Edit[] {
  const removed = new Set(actions.flatMap((action) => action.stages));
  const parentsOf = ({ from }: Stage): readonly string[] =>
    from.flatMap((parent) => {
      const stage = stages.find(({ name }) => name === parent);
      return stage !== undefined && removed.has(parent) ? parentsOf(stage) : [parent];
    });
  return stages.map(({ name, ...stage }): Edit => {
    if (removed.has(name)) return [['stages', name], undefined];
    const parents = [...new Set(parentsOf({ name, ...stage }))];
    // Whoever follows on a later one follows on the one before it anyway.
    const last = parents.filter((one) => !parents.some((other) => other !== one && leadsTo(stages, one, other)));
    return [['stages', name, 'from'], last.length === 1 ? last[0] : last];
  });
}

/** The pairs of a stage and its complement, and the exclusive groups. */
function forksOf(stages: readonly Stage[]): readonly Action[] {
  const pairs = stages.flatMap(({ name, complementOf }) =>
    complementOf === null ? [] : [{ name: complementOf, stages: [complementOf, name] }],
  );
  const groups = new Set(stages.flatMap(({ exclusive }) => exclusive ?? []));
  const members = (group: string) => stages.filter(({ exclusive }) => exclusive === group).map(({ name }) => name);
  return [...pairs, ...[...groups].map((name) => ({ name, stages: members(name) }))];
}

/** Leaves out actions that something other than an action or the conversion follows on. */
function withChildren(stages: readonly Stage[], actions: readonly Action[], conversion: string): readonly Action[] {
  const allowed = new Set([conversion, ...actions.flatMap((action) => action.stages)]);
  const isFollowed = (name: string) => stages.some((child) => child.from.includes(name) && !allowed.has(child.name));
  const kept = actions.filter((action) => !action.stages.some(isFollowed));
  return kept.length === actions.length ? kept : withChildren(stages, kept, conversion);
}

function leadsTo(stages: readonly Stage[], from: string, to: string): boolean {
  return findPath(stages, from, to) !== undefined;
}
