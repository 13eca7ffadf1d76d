/** Names of models, such as `esmm+mmoe` and `esm2-cart`: the type, the post-click actions and the towers. */
import type { Declaration, ModelChoice } from '../config/declaration.ts';
import { nearest } from '../config/nearest.ts';
import { CROSSES, MODEL_TYPES, TOWERS } from '../config/sections/model.ts';
import { listed } from '../numbers/text.ts';
import { type Action, actionsOf } from './actions.ts';
import { GBDT } from './gbdt/gbdt.ts';
import { HIERARCHICAL } from './hierarchical/hierarchical.ts';

/** Thrown where a name is not that of a model, or of one that the declaration does not allow. */
export class UnknownModelError extends Error {
  override readonly name = 'UnknownModelError';
}

/** Name of the user's own model. */
export const OWN_MODEL = 'file';
/** ESMM with the post-click actions of the funnel, which other models have where their name says so. */
const ESM2 = 'esm2';
const ACTIONS = 'actions';
const OTHER_TOWERS = TOWERS.filter((tower) => tower !== 'mlp');
const OTHER_CROSSES = CROSSES.filter((crosses) => crosses !== 'none');

/** What a name says. */
export interface NamedModel {
  readonly type: ModelChoice['type'];
  /** Names of the actions that it has, of those of the funnel. */
  readonly actions: readonly string[];
  readonly tower: string | null;
  readonly crosses: string | null;
}

/**
 * Returns the names that `all` stands for: each type and `esmm` with each kind of tower, without the actions of the
 * funnel; `esm2` with all actions and with each by itself; and the declared model.
 */
export function allNames(declaration: Declaration): readonly string[] {
  const towers = [...OTHER_TOWERS, ...OTHER_CROSSES].map((part) => `esmm+${part}`);
  const actions = actionsOf(declaration);
  const single = actions.length > 1 ? actions.map(({ name }) => `${ESM2}-${name}`) : [];
  const esm2 = actions.length > 0 ? [ESM2, ...single] : [];
  return [...new Set([...MODEL_TYPES, ...towers, ...esm2, declaredName(declaration)])];
}

/** Returns the name of the declared model. */
export function declaredName(declaration: Pick<Declaration, 'model' | 'stages' | 'roles'>): string {
  const { type, file, experts, crosses } = declaration.model;
  if (file !== null) return OWN_MODEL;
  const hasActions = actionsOf(declaration).length > 0;
  const tower = experts === null ? [] : [experts.own === 0 && experts.levels === 1 ? 'mmoe' : 'ple'];
  const base = type === 'esmm' && hasActions ? [ESM2] : [type, ...(hasActions ? [ACTIONS] : [])];
  return [...base, ...tower, ...(crosses === null ? [] : ['dcn'])].join('+');
}

/**
 * Returns what a name says.
 * @throws {UnknownModelError} where it is no model's.
 */
export function parseName(name: string, declaration: Pick<Declaration, 'model' | 'stages' | 'roles'>): NamedModel {
  const [first = '', ...parts] = name.split('+');
  const all = actionsOf(declaration);
  const esm2 = esm2Actions(first, all);
  const isIn = (list: readonly string[]) => (part: string) => list.includes(part);
  const tower = parts.filter(isIn(OTHER_TOWERS));
  const crosses = parts.filter(isIn(OTHER_CROSSES));
  const others = parts.filter((part) => !tower.includes(part) && !crosses.includes(part));
  const isEsm2 = esm2 !== null && esm2.length > 0;
  const mayHaveActions = all.length > 0 && MODEL_TYPES.some((type) => type === first) && first !== 'esmm';
  const isKnown =
    (isEsm2 || MODEL_TYPES.some((type) => type === first)) &&
    tower.length <= 1 &&
    crosses.length <= 1 &&
    (others.length === 0 || (mayHaveActions && others.join() === ACTIONS));
  if (!isKnown) throw unknownModel(name, declaration);
  return {
    type: isEsm2 ? 'esmm' : (first as ModelChoice['type']),
    actions: (isEsm2 ? esm2 : others.length > 0 ? all : []).map((action) => action.name),
    tower: tower[0] ?? null,
    crosses: crosses[0] ?? null,
  };
}

/** The actions of `esm2`, all of them, or of `esm2-cart`, some of them in their order; `null` of any other name. */
function esm2Actions(name: string, all: readonly Action[]): readonly Action[] | null {
  if (name === ESM2) return all;
  const names = name.split('-').slice(1);
  const some = all.filter((action) => names.includes(action.name));
  const isSome = some.length < all.length && [ESM2, ...some.map((action) => action.name)].join('-') === name;
  return isSome ? some : null;
}

function unknownModel(name: string, declaration: Pick<Declaration, 'model' | 'stages' | 'roles'>): UnknownModelError {
  const esm2 = actionsOf(declaration).length > 0 ? [ESM2] : [];
  const names = [
    'all',
    ...(declaration.model.file === null ? [] : [OWN_MODEL]),
    ...MODEL_TYPES,
    ...esm2,
    GBDT,
    HIERARCHICAL,
  ];
  const meant = nearest(name, names);
  const parts = [...OTHER_TOWERS, ...OTHER_CROSSES].map((part) => `+${part}`).join(', ');
  const got = meant === undefined ? `got ${name},` : `got ${name}, did you mean ${meant}?`;
  return new UnknownModelError(`${got} expected ${listed(names)}, a type with any of ${parts}`);
}
