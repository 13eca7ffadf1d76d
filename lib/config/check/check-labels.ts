import type { Stage } from '../declaration.ts';
import type { Mistake } from '../declaration-error.ts';
import { sameColumn } from '../names.ts';
import { findPath } from '../resolve/stage-paths.ts';
import type { Draft } from '../schema/draft.ts';

/** Members of a stage that only mean something if the stage has a label. */
const LABEL_SETTINGS = ['weight', 'at', 'within', 'inconsistent', 'max_inconsistent'] as const;

/**
 * Checks that complements have no label, that unlabelled stages have no settings of a label, that labels are distinct,
 * and that every tower is trained.
 */
export function checkLabels(draft: Draft, stages: readonly Stage[]): readonly Mistake[] {
  const untrained = draft.isSound('stages') && draft.file.stages !== undefined ? checkTrained(stages) : [];
  return [...checkMembers(draft), ...checkDistinct(stages), ...untrained];
}

function checkMembers(draft: Draft): readonly Mistake[] {
  return Object.entries(draft.file.stages ?? {}).flatMap(([name, stage]) => {
    const isComplement = stage.complement_of !== undefined;
    const isUnlabelled = stage.label === undefined && draft.isSound(`stages.${name}`);
    const refused = isComplement ? (['label', ...LABEL_SETTINGS] as const) : isUnlabelled ? LABEL_SETTINGS : [];
    const kind = isComplement ? 'a complement' : 'a stage without a label';
    return refused
      .filter((member) => stage[member] !== undefined)
      .map((member) => ({
        path: ['stages', name, member],
        message: `got ${stage[member]}, expected no ${member} for ${kind}`,
      }));
  });
}

function checkDistinct(stages: readonly Stage[]): readonly Mistake[] {
  return stages.flatMap(({ name, label }, i) => {
    if (label === null) return [];
    const first = stages.slice(0, i).find((other) => other.label !== null && sameColumn(other.label, label));
    if (first === undefined) return [];
    const message = `got ${label}, the label of ${first.name}, expected another column`;
    return [{ path: ['stages', name, 'label'], message }];
  });
}

/** Finds stages whose tower no label trains: a label trains the tower of its own stage and of every stage before it. */
function checkTrained(stages: readonly Stage[]): readonly Mistake[] {
  const leadsToLabel = (from: string): boolean =>
    stages.some(({ name, label }) => label !== null && findPath(stages, from, name) !== undefined);
  const isTrained = ({ name, complementOf }: Stage): boolean =>
    complementOf !== null ||
    leadsToLabel(name) ||
    stages.some((other) => other.complementOf === name && leadsToLabel(other.name));
  if (stages.every(({ label }) => label === null)) {
    return [{ path: ['stages'], message: 'no stage has a label, expected at least one' }];
  }
  return stages
    .filter((stage) => !isTrained(stage))
    .map(({ name }) => ({ path: ['stages', name], message: 'no label here or in a later stage, expected one' }));
}
