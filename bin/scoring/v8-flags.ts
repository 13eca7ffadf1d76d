/** How V8 runs a command that scores files for seconds; a server is another matter. */

/**
 * Garbage is not collected only because little was allocated for a while, and otherwise once there is nine times as much
 * as was in use: the rows that DuckDB hands over count as memory of V8, of which little else is used.
 */
const COLLECTED_LATER = ['--no-memory-reducer', '--heap-growing-percent=800'];

/**
 * A function is optimized once it has run four to nine times as much as V8 begins with, in bytes of its bytecode: to
 * optimize all that runs takes the cores for longer than that saves.
 */
const OPTIMIZED_LATER = ['--interrupt-budget=600000'];

/** By major version of Node.js: V8 prints a complaint about a flag that it does not know, and renames them. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  20: [...COLLECTED_LATER, ...OPTIMIZED_LATER],
  22: COLLECTED_LATER,
  24: COLLECTED_LATER,
};

/** Returns V8's flags for a version of Node.js; none for one with which they were not tried. */
export function v8Flags(nodeVersion: string): readonly string[] {
  return FLAGS[nodeVersion.split('.')[0] as string] ?? [];
}
