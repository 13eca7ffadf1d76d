import type { Stage } from '../declaration.ts';
import type { Mistake } from '../declaration-error.ts';
import { unknownName } from '../names.ts';
import { resolveRoles, resolveStages } from '../resolve/resolve-stages.ts';
import { findCycle, findPath, isOnEveryPath } from '../resolve/stage-paths.ts';
import type { Draft } from '../schema/draft.ts';
import { checkLabels } from './check-labels.ts';

/** Checks the references and labels of the stages and, if all references are sound, the graph that the stages form. */
export function checkStages(draft: Draft): readonly Mistake[] {
  const root = draft.file.root ?? 'impression';
  const stages = resolveStages(draft.file.stages ?? {}, root);
  const references = [...checkNames(draft, root), ...checkFrom(draft, root), ...checkComplements(draft, stages)];
  const labels = checkLabels(draft, stages);
  if (references.length > 0 || !draft.isSound('stages') || !draft.isSound('root')) return [...references, ...labels];
  const cycle = findCycle(stages);
  if (cycle !== undefined) {
    const message = `the stages go in a circle, ${cycle.join(' > ')}, expected an order`;
    return [...labels, { path: ['stages', cycle[0] as string, 'from'], message }];
  }
  return [...labels, ...checkGroups(stages), ...checkMerges(stages, root), ...checkRoles(draft, stages, root)];
}

function checkNames(draft: Draft, root: string): readonly Mistake[] {
  if (!draft.names('stages').includes(root)) return [];
  return [{ path: ['stages', root], message: 'got the name of the root, expected another' }];
}

function checkFrom(draft: Draft, root: string): readonly Mistake[] {
  const known = [root, ...draft.names('stages')];
  return Object.entries(draft.file.stages ?? {}).flatMap(([name, { from = [] }]) => {
    const parents = typeof from === 'string' ? [from] : from;
    return parents.flatMap((parent, i): readonly Mistake[] => {
      const path = ['stages', name, 'from', ...(typeof from === 'string' ? [] : [i])];
      if (!known.includes(parent)) return [{ path, message: unknownName('stage', parent, known) }];
      return parents.indexOf(parent) === i ? [] : [{ path, message: `got ${parent} twice, expected it once` }];
    });
  });
}

function checkComplements(draft: Draft, stages: readonly Stage[]): readonly Mistake[] {
  return stages.flatMap((stage): readonly Mistake[] => {
    const of = stage.complementOf;
    if (of === null) return [];
    const path = ['stages', stage.name, 'complement_of'];
    const known = draft.names('stages').filter((name) => name !== stage.name);
    if (!known.includes(of)) return [{ path, message: unknownName('other stage', of, known) }];
    const sibling = stages.find(({ name }) => name === of);
    return sibling === undefined ? [] : checkSibling(stage, sibling, stages).map((message) => ({ path, message }));
  });
}

function checkSibling(stage: Stage, sibling: Stage, stages: readonly Stage[]): readonly string[] {
  const first = stages.find(({ complementOf }) => complementOf === sibling.name) ?? stage;
  const checks: readonly (string | false)[] = [
    sibling.complementOf !== null &&
      `got ${sibling.name}, a complement itself, expected a stage with a tower of its own`,
    !sameStages(stage.from, sibling.from) && `${parentsOf(stage)} and ${parentsOf(sibling)}, expected the same`,
    first !== stage && `got ${sibling.name}, whose complement is ${first.name} already, expected another stage`,
    (sibling.exclusive ?? stage.exclusive) !== null &&
      `got an exclusive group beside it, expected none: ${sibling.name} and ${stage.name} are exclusive already`,
  ];
  return checks.filter((message) => message !== false);
}

function checkGroups(stages: readonly Stage[]): readonly Mistake[] {
  return stages.flatMap((stage): readonly Mistake[] => {
    if (stage.exclusive === null) return [];
    const path = ['stages', stage.name, 'exclusive'];
    const siblings = stages.filter(({ exclusive }) => exclusive === stage.exclusive);
    const first = siblings[0] ?? stage;
    if (siblings.length === 1)
      return [{ path, message: `got ${stage.exclusive}, a group of one, expected siblings in it` }];
    if (sameStages(first.from, stage.from)) return [];
    return [{ path, message: `${parentsOf(first)} and ${parentsOf(stage)}, expected siblings in ${stage.exclusive}` }];
  });
}

/**
 * Finds paths that fork and meet again without being exclusive. The probability of the stage where they meet is the sum
 * over both paths, which would count a row that takes both of them twice.
 */
function checkMerges(stages: readonly Stage[], root: string): readonly Mistake[] {
  return [root, ...stages.map(({ name }) => name)].flatMap((fork) => {
    const branches = stages.filter(({ from }) => from.includes(fork));
    const pairs = branches.flatMap((a, i) => branches.slice(i + 1).map((b) => [a, b] as const));
    return pairs
      .filter(([a, b]) => !areExclusive(a, b))
      .flatMap(([a, b]): readonly Mistake[] => {
        const meeting = firstMeeting(stages, a.name, b.name);
        if (meeting === undefined) return [];
        const start = findPath(stages, root, fork) ?? [];
        const [one, two] = [a, b].map(({ name }) => [...start, ...(findPath(stages, name, meeting) ?? [])].join(' > '));
        const expected = `expected ${a.name} and ${b.name} in one exclusive group, or one as the complement of the other`;
        return [{ path: ['stages', meeting], message: `the paths ${one} and ${two} merge here, ${expected}` }];
      });
  });
}

/** Returns the first stage that both stages lead to, which may be one of the two; `undefined` if there is none. */
function firstMeeting(stages: readonly Stage[], a: string, b: string): string | undefined {
  const isAfter = (from: string, to: string): boolean => findPath(stages, from, to) !== undefined;
  const common = stages.map(({ name }) => name).filter((name) => isAfter(a, name) && isAfter(b, name));
  return common.find((name) => !common.some((other) => other !== name && isAfter(other, name)));
}

function areExclusive(a: Stage, b: Stage): boolean {
  const inOneGroup = a.exclusive !== null && a.exclusive === b.exclusive;
  return inOneGroup || a.complementOf === b.name || b.complementOf === a.name;
}

function checkRoles(draft: Draft, stages: readonly Stage[], root: string): readonly Mistake[] {
  const declared = draft.file.roles;
  const roles = resolveRoles(declared, stages, root);
  if (declared === undefined || roles === null) return [];
  const known = [root, ...stages.map(({ name }) => name)];
  const unknown = (['impression', 'click', 'conversion'] as const)
    .filter((role) => !known.includes(roles[role]))
    .map((role) => ({ path: ['roles', role], message: unknownName('stage', roles[role], known) }));
  if (unknown.length > 0) return unknown;
  const { impression, click, conversion } = roles;
  const isFunnel =
    new Set([impression, click, conversion]).size === 3 &&
    isOnEveryPath(stages, root, impression, click) &&
    isOnEveryPath(stages, root, click, conversion);
  const got = `got ${impression} > ${click} > ${conversion}`;
  return isFunnel ? [] : [{ path: ['roles'], message: `${got}, expected each to lie on every path to the next` }];
}

function parentsOf({ name, from }: Stage): string {
  return `${name} comes from ${from.join(', ')}`;
}

function sameStages(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
