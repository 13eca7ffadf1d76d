/** Finds places in a user's files: those that a stack of the bundled script names, by its source map. */
import { SourceMap } from 'node:module';
import type { Place } from './model-file-error.ts';

/** Returns the place of the innermost call of a stack that is in a user's own files; `null` where there is none. */
export type PlaceOf = (stack: string | undefined) => Place | null;

/**
 * Returns the function that finds places by a source map.
 *
 * @param script name of the bundled script in stacks
 * @param map source map of the script, JSON
 * @param shown returns a path, relative to the folder of the declaration, as messages show it
 */
export function placesIn(script: string, map: string, shown: (file: string) => string): PlaceOf {
  const sourceMap = new SourceMap(JSON.parse(map));
  return (stack = '') => {
    const frames = [...stack.matchAll(/([^\s(]+):(\d+):(\d+)\)?$/gm)].filter(([, file]) => file === script);
    const places = frames.flatMap(([, , line, column]): Place[] => {
      const entry = sourceMap.findEntry(Number(line) - 1, Number(column) - 1);
      if (!('originalSource' in entry)) return [];
      const { originalSource, originalLine, originalColumn } = entry;
      return [{ file: originalSource, line: originalLine + 1, column: originalColumn + 1 }];
    });
    const own = places.find(({ file }) => !/(^|\/)node_modules\//.test(file)) ?? places[0];
    return own === undefined ? null : { ...own, file: shown(own.file) };
  };
}
