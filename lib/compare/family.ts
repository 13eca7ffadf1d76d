/** The models of the family, with any towers, and the user's own, by their names on the command line. */
import { createHash } from 'node:crypto';
import type { Declaration } from '../config/declaration.ts';
import { DeclarationError } from '../config/declaration-error.ts';
import { type Edit, editDeclaration } from '../config/edit-declaration.ts';
import { parseDeclaration } from '../config/parse-declaration.ts';
import type { DeclarationFile } from '../own-model/model-file.ts';
import { actionsOf, withoutActions } from './actions.ts';
import type { Competitor } from './competitor.ts';
import { trialSettings } from './knobs.ts';
import { allNames, declaredName, OWN_MODEL, parseName, UnknownModelError } from './model-name.ts';
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
      const { model, training, stages } = declarationOf(settings);
      const own = name === OWN_MODEL ? file.modelSha256 : null;
      return createHash('sha256')
        .update(JSON.stringify([model, training, stages, own]))
        .digest('hex');
    },
    run: ({ settings, seed, share }, bench, onProgress) => {
      const declaration = declarationOf(settings);
      // The file is read anew in another thread, and must be the same.
      const own = { ...declaration, model: { ...declaration.model, sha256: file.modelSha256 } };
      const source = name === OWN_MODEL ? { ...file, declaration: own } : null;
      return bench.train({ declaration, source, seed, share }, onProgress);
    },
  };
}

/** The edits that make another model of the declared one: it keeps the sizes that every model has. */
function modelEdits(declaration: Pick<Declaration, 'model' | 'stages' | 'roles'>, name: string): readonly Edit[] {
  if (name === declaredName(declaration)) return [];
  const { hiddenUnits, fields } = declaration.model;
  const { type, actions, tower, crosses } = parseName(name, declaration);
  const section = {
    type,
    hidden_units: hiddenUnits,
    fields,
    ...(tower !== null && { tower }),
    ...(crosses !== null && { crosses }),
  };
  const removed = actionsOf(declaration).filter((action) => !actions.includes(action.name));
  return [[['model'], section], ...(removed.length === 0 ? [] : withoutActions(declaration, removed))];
}
