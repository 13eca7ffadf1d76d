/** The libraries with binaries for some platforms each, which may not be there. */
import { createRequire } from 'node:module';
import { firstLine } from '../lib/table/errors.ts';

const require = createRequire(import.meta.url);

const LOAD = {
  // The package itself is in the bundle of the command.
  DuckDB: () => createRequire(require.resolve('@duckdb/node-api'))('@duckdb/node-bindings'),
  onnxruntime: () => require('onnxruntime-node'),
} as const;

/** A library of binaries. */
export type BinaryLibrary = keyof typeof LOAD;

/**
 * Loads libraries before the work that needs them.
 * @throws {Error} naming the platforms that have binaries of all libraries.
 */
export function loadBinaries(libraries: readonly BinaryLibrary[]): void {
  for (const library of libraries) {
    try {
      LOAD[library]();
    } catch (cause) {
      throw new Error(
        `${library}'s binary for ${process.platform}-${process.arch} cannot be loaded: entirespace runs on Linux with ` +
          `glibc (x64, arm64), macOS (arm64) and Windows (x64, arm64); if its installation was interrupted, install it ` +
          `again, on Linux x64 with ONNXRUNTIME_NODE_INSTALL=skip where the network is restricted (${firstLine(cause)})`,
        { cause },
      );
    }
  }
}

/** Returns whether a library can be loaded, for work that is possible without it. */
export function isLoadable(library: BinaryLibrary): boolean {
  try {
    loadBinaries([library]);
    return true;
  } catch {
    return false;
  }
}
