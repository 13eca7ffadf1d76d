import type { Mistake } from '../declaration-error.ts';
import { tableName } from '../features/kinds.ts';
import { unknownName } from '../names.ts';
import type { Draft } from '../schema/draft.ts';
import type { ModelShape } from '../sections/model.ts';

/** The types whose towers have embeddings of their own, so that they cannot share experts. */
const OWN_EMBEDDINGS: readonly ModelShape['type'][] = ['esmm-ns', 'base', 'aman', 'oversampling', 'division', 'unbias'];

/** A key that has a meaning with some values of another key only. */
interface DependentKey {
  readonly key: keyof ModelShape;
  /** The key in the file. */
  readonly name: string;
  readonly on: 'tower' | 'crosses';
  readonly values: readonly string[];
}

const DEPENDENT_KEYS: readonly DependentKey[] = [
  { key: 'experts', name: 'experts', on: 'tower', values: ['mmoe', 'ple'] },
  { key: 'ownExperts', name: 'own_experts', on: 'tower', values: ['ple'] },
  { key: 'expertUnits', name: 'expert_units', on: 'tower', values: ['mmoe', 'ple'] },
  { key: 'expertLevels', name: 'expert_levels', on: 'tower', values: ['ple'] },
  { key: 'crossLayers', name: 'cross_layers', on: 'crosses', values: ['dcn'] },
  { key: 'crossRank', name: 'cross_rank', on: 'crosses', values: ['dcn'] },
];

/** Checks that the keys of towers, experts and crosses go together. */
export function checkTowers(draft: Draft): readonly Mistake[] {
  const { model } = draft.file;
  return model === undefined ? [] : [...checkDependent(model), ...checkExperts(model), ...checkWide(draft, model)];
}

/** A wide feature has a weight for each value, so that it must have values that are counted, as an embedding has. */
function checkWide(draft: Draft, { wide }: ModelShape): readonly Mistake[] {
  const { features = {} } = draft.file;
  const names = draft.names('features');
  return wide.flatMap((name, i): readonly Mistake[] => {
    const path = ['model', 'wide', i];
    if (!names.includes(name)) return [{ path, message: unknownName('feature', name, names) }];
    if (wide.indexOf(name) < i) return [{ path, message: `got ${name} twice, expected it once` }];
    const feature = Object.hasOwn(features, name) ? features[name] : undefined;
    if (feature === undefined || tableName(name, feature) !== null) return [];
    return [{ path, message: `got ${name}, a number, expected a feature with embeddings, such as one with quantiles` }];
  });
}

function checkDependent(model: ModelShape): readonly Mistake[] {
  return DEPENDENT_KEYS.filter(({ key, on, values }) => model[key] !== undefined && !values.includes(model[on])).map(
    ({ key, name, on, values }) => ({
      path: ['model', name],
      message: `got ${JSON.stringify(model[key])} with ${on} ${model[on]}, expected ${on} ${values.join(' or ')}`,
    }),
  );
}

function checkExperts({ type, tower, experts, ownExperts }: ModelShape): readonly Mistake[] {
  if (tower === 'mlp') return [];
  const mistakes: Mistake[] = [];
  if (OWN_EMBEDDINGS.includes(type))
    mistakes.push({
      path: ['model', 'tower'],
      message: `got ${tower} with type ${type}, expected mlp: towers with embeddings of their own share no experts`,
    });
  if (experts === 0 && (tower === 'mmoe' || ownExperts === 0))
    mistakes.push({ path: ['model', 'experts'], message: 'there is no expert under a tower, expected at least one' });
  return mistakes;
}
