/** Changes values in the text of a declaration, which stays otherwise as it is written. */
import { isMap, parseDocument } from 'yaml';

/** A value, at a section's key or at a key of the whole file; `undefined` removes it. */
export type Edit = readonly [path: readonly [string] | readonly [section: string, key: string], value: unknown];

/** Returns a valid declaration's text with values set or removed. */
export function editDeclaration(text: string, edits: readonly Edit[]): string {
  const document = parseDocument(text);
  for (const [path, value] of edits) {
    const [section, key] = path;
    // An alias, or a section without a value, has no keys of its own that could be set.
    if (key !== undefined && !isMap(document.get(section, true)))
      document.set(section, document.createNode(document.toJS()[section] ?? {}));
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value, { flow: true }));
  }
  return document.toString({ lineWidth: 0 });
}
