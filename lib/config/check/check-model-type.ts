import type { ModelChoice, TypeSettings } from '../declaration.ts';
import type { Mistake } from '../declaration-error.ts';
import { resolveStages } from '../resolve/resolve-stages.ts';
import { isOnEveryPath } from '../resolve/stage-paths.ts';
import type { Draft } from '../schema/draft.ts';

type Type = ModelChoice['type'];

/** The type of model that has each setting. */
const TYPE_OF: Readonly<Record<keyof TypeSettings, Type>> = { rate: 'aman', factor: 'oversampling' };

/** The types that choose the rows of stages that come after a labelled one. */
const CHOOSE_ROWS: readonly Type[] = ['aman', 'oversampling'];

/** Checks that the settings of the model are those of its type, and that the type suits the funnel. */
export function checkModelType(draft: Draft): readonly Mistake[] {
  return [...checkTypeSettings(draft), ...checkLaterStages(draft)];
}

function checkTypeSettings({ file: { model } }: Draft): readonly Mistake[] {
  if (model === undefined) return [];
  const settings = Object.entries(TYPE_OF) as [keyof TypeSettings, Type][];
  return settings
    .filter(([key, type]) => model[key] !== undefined && model.type !== type)
    .map(([key, type]) => {
      return { path: ['model', key], message: `got ${model[key]} with type ${model.type}, expected type ${type}` };
    });
}

function checkLaterStages({ file: { model, stages, root = 'impression' }, isSound }: Draft): readonly Mistake[] {
  if (model === undefined || stages === undefined || !CHOOSE_ROWS.includes(model.type) || !isSound('stages')) return [];
  const all = resolveStages(stages, root);
  const labelled = all.filter(({ label }) => label !== null).map(({ name }) => name);
  const isLater = (stage: string) =>
    labelled.some((before) => before !== stage && isOnEveryPath(all, root, before, stage));
  if (labelled.some(isLater)) return [];
  const message = `got ${model.type}, which chooses the rows of later stages, expected a labelled stage after another, or type esmm`;
  return [{ path: ['model', 'type'], message }];
}
