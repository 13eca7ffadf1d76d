/** The models of the family, with any towers, and the user's own, by their names on the command line. */
import { createHash } from 'node:crypto';
import type { Declaration, ModelChoice } from '../config/declaration.ts';
import { DeclarationError } from '../config/declaration-error.ts';
import { type Edit, editDeclaration } from '../config/edit-declaration.ts';
import { nearest } from '../config/nearest.ts';
import { parseDeclaration } from '../config/parse-declaration.ts';
import { CROSSES, MODEL_TYPES, TOWERS } from '../config/sections/model.ts';
import { listed } from '../numbers/text.ts';
import type { DeclarationFile } from '../own-model/model-file.ts';
import type { Competitor } from './competitor.ts';
import { GBDT } from './gbdt/gbdt.ts';
import { trialSettings } from './knobs.ts';
import { comparedDeclaration } from './protocol.ts';
import type { Settings } from './runs/run.ts';

/** A declaration as it is written, and the digest of the model file that it names. */
export interface ComparedFile extends DeclarationFile {
  readonly modelSha256: string | null;
}

/** Returns the digest by which a declaration is known again. */
export function declarationDigest({ text, modelSha256 }: Pick<ComparedFile, 'text' | 'modelSha256'>): string {
  return createHash('sha256')
    .update(text)
    .update(modelSha256 ?? '')
    .digest('hex');
}

/** A model that the funnel or the declaration does not allow. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** Thrown where a name is not that of a model, or of one that the declaration does not allow. */
export class UnknownModelError extends Error {
  override readonly name = 'UnknownModelError';
}

/** Name of the user's own model. */
export const OWN_MODEL = 'file';
const OTHER_TOWERS = TOWERS.filter((tower) => tower !== 'mlp');
const OTHER_CROSSES = CROSSES.filter((crosses) => crosses !== 'none');

/** Returns the names that `all` stands for: each type, `esmm` with each kind of tower, and the declared model. */
export function allNames(declaration: Declaration): readonly string[] {
  const towers = [...OTHER_TOWERS, ...OTHER_CROSSES].map((part) => `esmm+${part}`);
  return [...new Set([...MODEL_TYPES, ...towers, declaredName(declaration.model)])];
}

/** Returns the name of the declared model. */
export function declaredName({ type, file, experts, crosses }: ModelChoice): string {
  if (file !== null) return OWN_MODEL;
  const tower = experts === null ? [] : [experts.own === 0 && experts.levels === 1 ? 'mmoe' : 'ple'];
  return [type, ...tower, ...(crosses === null ? [] : ['dcn'])].join('+');
}

/**
 * Returns the models of these names; `all` leaves out those that the funnel does not allow.
 * @throws {UnknownModelError} where a name is no model's, or the funnel does not allow a model that is named.
 */
export function familyOf(
  file: ComparedFile,
  names: readonly string[],
): { readonly competitors: readonly Competitor[]; readonly leftOut: readonly LeftOut[] } {
  const leftOut: LeftOut[] = [];
  const wanted = names.flatMap((name) => (name === 'all' ? allNames(file.declaration) : [name]));
  const competitors = [...new Set(wanted)].flatMap((name) => {
    try {
      return [familyMember(file, name)];
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error;
      const why = error.problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
      if (names.includes(name)) throw new UnknownModelError(`${name} does not suit this declaration: ${why}`);
      leftOut.push({ name, why });
      return [];
    }
  });
  return { competitors, leftOut };
}

/** Returns the text of a declaration with the model of a name and with settings. */
export function modelText(file: Pick<ComparedFile, 'text' | 'declaration'>, name: string, settings: Settings): string {
  const edits = Object.entries(settings).map(([path, value]): Edit => [path.split('.') as [string, string], value]);
  const all = [...modelEdits(file.declaration, name), ...edits];
  return all.length === 0 ? file.text : editDeclaration(file.text, all);
}

function familyMember(file: ComparedFile, name: string): Competitor {
  const declarationOf = (settings: Settings) =>
    comparedDeclaration(parseDeclaration(modelText(file, name, settings), file.fileName));
  const declared = declarationOf({});
  return {
    name,
    isForComparisonOnly: false,
    trials: (trials, rows) => trialSettings(declared, trials, rows),
    identity: (settings) => {
      const { model, training } = declarationOf(settings);
      const own = name === OWN_MODEL ? file.modelSha256 : null;
      return createHash('sha256')
        .update(JSON.stringify([model, training, own]))
        .digest('hex');
    },
    run: ({ settings, seed, share }, bench) => {
      const declaration = declarationOf(settings);
      // The file is read anew in another thread, and must be the same.
      const own = { ...declaration, model: { ...declaration.model, sha256: file.modelSha256 } };
      const source = name === OWN_MODEL ? { ...file, declaration: own } : null;
      return bench.train({ declaration, source, seed, share });
    },
  };
}

/** The edits that make another model of the declared one: it keeps the sizes that every model has. */
function modelEdits({ model }: Pick<Declaration, 'model'>, name: string): readonly Edit[] {
  if (name === declaredName(model)) return [];
  const [type = '', ...parts] = name.split('+');
  const isIn = (list: readonly string[], item: string) => list.includes(item);
  const strange = parts.find((part) => !isIn(OTHER_TOWERS, part) && !isIn(OTHER_CROSSES, part));
  if (!isIn(MODEL_TYPES, type) || strange !== undefined || new Set(parts).size < parts.length)
    throw unknownModel(name, model);
  const tower = parts.filter((part) => isIn(OTHER_TOWERS, part));
  const crosses = parts.filter((part) => isIn(OTHER_CROSSES, part));
  if (tower.length > 1 || crosses.length > 1) throw unknownModel(name, model);
  const section = {
    type,
    hidden_units: model.hiddenUnits,
    fields: model.fields,
    ...(tower.length > 0 && { tower: tower[0] }),
    ...(crosses.length > 0 && { crosses: crosses[0] }),
  };
  return [[['model'], section]];
}

function unknownModel(name: string, model: ModelChoice): UnknownModelError {
  const names = ['all', ...(model.file === null ? [] : [OWN_MODEL]), ...MODEL_TYPES, GBDT];
  const meant = nearest(name, names);
  const parts = [...OTHER_TOWERS, ...OTHER_CROSSES].map((part) => `+${part}`).join(', ');
  const hint = meant === undefined ? '' : `, did you mean ${meant}?`;
  return new UnknownModelError(
    `got ${name}${hint} expected ${listed(names)}, a type with any of ${parts}`.replace(
      /([^?]) expected/,
      '$1, expected',
    ),
  );
}
