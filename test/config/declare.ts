import { DeclarationError } from '../../lib/config/declaration-error.ts';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';

const SECTIONS = {
  name: 'shop',
  stages: '{ click: { label: clicked }, conversion: { label: bought } }',
  log: '{ keys: [id] }',
  features: '{ brand: { type: category, entity: item } }',
};

/** Returns the text of the smallest valid declaration, one line for each section, with sections replaced or added. */
export function declare(sections: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...SECTIONS, ...sections })
    .map(([section, text]) => `${section}: ${text}\n`)
    .join('');
}

/** Returns the mistakes in such a declaration, each as `path: message`. */
export function mistakesIn(sections: Readonly<Record<string, string>>): readonly string[] {
  return errorOf(declare(sections)).problems.map(({ path, message }) => `${path}: ${message}`);
}

/** Returns the error with which a text is refused; fails if it is accepted. */
export function errorOf(text: string): DeclarationError {
  try {
    parseDeclaration(text, 'entirespace.yaml');
  } catch (error) {
    if (error instanceof DeclarationError) return error;
    throw error;
  }
  throw new Error(`no mistake was found in\n${text}`);
}
