import type { Roles, Stage } from '../declaration.ts';
import type { FileShape, StageShape } from '../schema/schema.ts';
import { parseDuration } from '../units.ts';
import { isOnEveryPath } from './stage-paths.ts';

/**
 * Returns the stages with their defaults filled in. By default a complement follows the same stages as its sibling, and
 * any other stage follows the one declared before it.
 */
export function resolveStages(stages: Readonly<Record<string, StageShape>>, root: string): readonly Stage[] {
  const names = Object.keys(stages);
  const parentsOf = (name: string, seen: readonly string[]): readonly string[] => {
    const stage = stages[name];
    if (stage?.from !== undefined) return typeof stage.from === 'string' ? [stage.from] : stage.from;
    const sibling = stage?.complement_of;
    if (sibling !== undefined && names.includes(sibling) && !seen.includes(sibling)) {
      return parentsOf(sibling, [...seen, name]);
    }
    return [names[names.indexOf(name) - 1] ?? root];
  };
  return Object.entries(stages).map(([name, stage]) => ({
    name,
    from: parentsOf(name, []),
    label: stage.label ?? null,
    weight: stage.weight ?? 1,
    complementOf: stage.complement_of ?? null,
    exclusive: stage.exclusive ?? null,
    at: stage.at ?? null,
    withinMs: stage.within === undefined ? null : parseDuration(stage.within),
    inconsistent: stage.inconsistent ?? 'reject',
    maxInconsistent: stage.max_inconsistent ?? 0.01,
  }));
}

/**
 * Returns the declared roles. By default they are the stages named click and conversion if every path to the conversion
 * leads through the click, and `null` otherwise.
 */
export function resolveRoles(declared: FileShape['roles'], stages: readonly Stage[], root: string): Roles | null {
  if (declared !== undefined) {
    return { impression: declared.impression ?? root, click: declared.click, conversion: declared.conversion };
  }
  const isFunnel = stages.some(({ name }) => name === 'click') && isOnEveryPath(stages, root, 'click', 'conversion');
  return isFunnel ? { impression: root, click: 'click', conversion: 'conversion' } : null;
}
