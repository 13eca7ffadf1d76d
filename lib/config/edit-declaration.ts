/** Changes values in the text of a declaration, which stays otherwise as it is written. */
import { isMap, parseDocument } from 'yaml';

/** A value, at a key of the whole file, of a section or of a stage or feature there; `undefined` removes it. */
export type Edit = readonly [
  path:
    | readonly [string]
    | readonly [section: string, key: string]
    | readonly [section: string, name: string, key: string],
  value: unknown,
];

/** Returns a valid declaration's text with values set or removed. */
export function editDeclaration(text: string, edits: readonly Edit[]): string {
  const document = parseDocument(text);
  for (const [path, value] of edits) {
    // An alias, or what has no value, has no keys of its own that could be set.
    for (let depth = 1; depth < path.length; depth++) {
      const above = path.slice(0, depth);
      if (!isMap(document.getIn(above, true)))
        document.setIn(above, document.createNode(valueAt(document.toJS(), above) ?? {}));
    }
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value, { flow: true }));
  }
  return document.toString({ lineWidth: 0 });
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce((within: unknown, key) => (within as Readonly<Record<string, unknown>> | undefined)?.[key], value);
}
