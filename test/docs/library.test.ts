import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import * as cdk from '../../exports/cdk.ts';
import * as library from '../../exports/index.ts';
import * as model from '../../exports/model.ts';

const pages = await Promise.all(
  ['library', 'networks'].map((name) => readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8')),
);
// The check of the packed product types and runs these blocks.
const code = [...pages.join('\n').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block).join('\n');
const imports = [...code.matchAll(/^import \{([^}]*)\} from '(entirespace[^']*)';$/gm)];

/** Returns the names that the page imports from an entry point and uses after that. */
function used(entry: string): string[] {
  const names = imports.filter(([, , from]) => from === entry).flatMap(([, list = '']) => list.split(','));
  const body = code.replaceAll(/^import .*$/gm, '');
  return names.map((name) => name.trim()).filter((name) => new RegExp(`\\b${name}\\b`).test(body));
}

describe('docs/library.md and docs/networks.md', () => {
  it.each([
    ['entirespace', library],
    ['entirespace/model', model],
    ['entirespace/cdk', cdk],
  ])('has an example of every function and class of %s', (entry, exports) => {
    expect(used(entry)).toEqual(expect.arrayContaining(Object.keys(exports)));
  });
});
