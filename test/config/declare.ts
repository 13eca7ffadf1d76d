import { DeclarationError } from '../../lib/config/declaration-error.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';

const SECTIONS = {
  name: 'shop',
  stages: '{ click: { label: clicked }, conversion: { label: bought } }',
  log: '{ keys: [id] }',
  features: '{ brand: { type: category, entity: item } }',
};

/** A declaration text of one line a section: the least that is valid, with some sections replaced or added. */
export function declare(sections: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...SECTIONS, ...sections })
    .map(([section, text]) => `${section}: ${text}\n`)
    .join('');
}

/** The mistakes in such a declaration, as `path: message`. */
export function mistakesIn(sections: Readonly<Record<string, string>>): readonly string[] {
  return errorOf(declare(sections)).problems.map(({ path, message }) => `${path}: ${message}`);
}

/** The error that a text is refused with. */
export function errorOf(text: string): DeclarationError {
  try {
    parseDeclaration(text, 'entirespace.yaml');
  } catch (error) {
    if (error instanceof DeclarationError) return error;
    throw error;
  }
  throw new Error(`no mistake was found in\n${text}`);
}
