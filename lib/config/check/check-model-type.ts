import type { ModelChoice, Stage, TypeSettings } from '../declaration.ts';
import type { Mistake } from '../declaration-error.ts';
import { resolveStages } from '../resolve/resolve-stages.ts';
import { isOnEveryPath } from '../resolve/stage-paths.ts';
import type { Draft } from '../schema/draft.ts';

type Type = ModelChoice['type'];

const DEBIASED: readonly Type[] = ['escm2-ips', 'escm2-dr', 'dcmt'];

/** Whether models of the type weigh rows by inverse propensities, and so have `propensity_floor`. */
export function isDebiased(type: Type): boolean {
  return DEBIASED.includes(type);
}

/** The types of model that have each setting, and the name of its key. */
const TYPES_OF: Readonly<Record<keyof TypeSettings, { readonly key: string; readonly types: readonly Type[] }>> = {
  rate: { key: 'rate', types: ['aman'] },
  factor: { key: 'factor', types: ['oversampling'] },
  correction: { key: 'correction', types: ['unbias'] },
  quantile: { key: 'quantile', types: ['unbias'] },
  debiasWeight: { key: 'debias_weight', types: DEBIASED },
  propensityFloor: { key: 'propensity_floor', types: DEBIASED },
  priorWeight: { key: 'prior_weight', types: ['dcmt'] },
  orderWeight: { key: 'order_weight', types: ['aitm'] },
  buckets: { key: 'buckets', types: ['delay-buckets'] },
};

/** Returns the settings that a type has, with the names of their keys. */
export function settingsOfType(type: Type): readonly { readonly setting: keyof TypeSettings; readonly key: string }[] {
  const settings = Object.entries(TYPES_OF) as [keyof TypeSettings, (typeof TYPES_OF)[keyof TypeSettings]][];
  return settings.flatMap(([setting, { key, types }]) => (types.includes(type) ? [{ setting, key }] : []));
}

/** What some types do to stages that come after a labelled one, without which they are another type. */
const LATER_STAGES: Readonly<Partial<Record<Type, string>>> = {
  aman: 'chooses the rows of later stages',
  oversampling: 'chooses the rows of later stages',
  unbias: 'chooses the rows of later stages',
  'escm2-ips': 'debiases later stages',
  'escm2-dr': 'debiases later stages',
  dcmt: 'debiases later stages',
};

/** Checks that the settings of the model are those of its type, and that the type suits the funnel. */
export function checkModelType(draft: Draft): readonly Mistake[] {
  return [...checkTypeSettings(draft), ...checkLaterStages(draft), ...checkQuotients(draft), ...checkTree(draft)];
}

function checkTypeSettings({ file: { model } }: Draft): readonly Mistake[] {
  if (model === undefined) return [];
  const settings = Object.entries(TYPES_OF) as [keyof TypeSettings, (typeof TYPES_OF)[keyof TypeSettings]][];
  return settings
    .filter(([setting, { types }]) => model[setting] !== undefined && !types.includes(model.type))
    .map(([setting, { key, types }]) => {
      const message = `got ${model[setting]} with type ${model.type}, expected type ${types.join(' or ')}`;
      return { path: ['model', key], message };
    });
}

function checkLaterStages({ file: { model, stages, root = 'impression' }, isSound }: Draft): readonly Mistake[] {
  const purpose = model && LATER_STAGES[model.type];
  if (purpose === undefined || stages === undefined || !isSound('stages')) return [];
  const all = resolveStages(stages, root);
  const labelled = all.filter(({ label }) => label !== null).map(({ name }) => name);
  const isLater = (stage: string) =>
    labelled.some((before) => before !== stage && isOnEveryPath(all, root, before, stage));
  if (labelled.some(isLater)) return [];
  const message = `got ${model?.type}, which ${purpose}, expected a labelled stage after another, or type esmm`;
  return [{ path: ['model', 'type'], message }];
}

/** A quotient needs the probability of each stage and that of the one stage before it, which are learned from labels. */
function checkQuotients({ file: { model, stages, root = 'impression' }, isSound }: Draft): readonly Mistake[] {
  if (model?.type !== 'division' || stages === undefined || !isSound('stages')) return [];
  const all = resolveStages(stages, root);
  const complements = all.filter(({ complementOf }) => complementOf !== null).map(({ name }) => name);
  const faultOf = ({ name, label, from, exclusive }: Stage): string | null => {
    const complement = from.find((stage) => complements.includes(stage));
    if (from.length > 1) return `${name} after ${from.join(' and ')}`;
    if (complement !== undefined) return `${name} after the complement ${complement}`;
    if (exclusive !== null) return `${name} in an exclusive group`;
    return label === null ? `${name} without a label` : null;
  };
  const [fault] = all.filter(({ complementOf }) => complementOf === null).flatMap((stage) => faultOf(stage) ?? []);
  if (fault === undefined) return [];
  const message = `got division with ${fault}, expected stages that have a label and one stage before them each`;
  return [{ path: ['model', 'type'], message }];
}

/** AITM gives each stage the probability of reaching it, with what the one stage before it hands on. */
function checkTree({ file: { model, stages, root = 'impression' }, isSound }: Draft): readonly Mistake[] {
  if (model?.type !== 'aitm' || stages === undefined || !isSound('stages')) return [];
  const faults = resolveStages(stages, root).map(({ name, from, label, complementOf, exclusive }) => {
    if (complementOf !== null) return `${name}, a complement`;
    if (exclusive !== null) return `${name} in an exclusive group`;
    if (from.length > 1) return `${name} after several stages`;
    return label === null ? `${name} without a label` : null;
  });
  const fault = faults.find((one) => one !== null);
  if (fault === undefined) return [];
  const message = `got aitm with stage ${fault}, expected labelled stages, each after one other by itself, or type esmm`;
  return [{ path: ['model', 'type'], message }];
}
