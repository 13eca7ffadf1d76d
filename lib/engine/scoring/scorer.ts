import type { EncodedChunk } from '../../table/encoded.ts';

/** The value of each row, by output. */
export type Results = Record<string, Float32Array>;

/** Scores chunks one after the other; the next one must wait for the one before. */
export interface Scorer {
  /** Returns the outputs of all rows, by name. */
  predict(chunk: EncodedChunk): Promise<Results>;
  release(): Promise<void>;
}

/** Returns room for the outputs of rows. */
export function emptyResults(outputs: readonly string[], rows: number): Results {
  return Object.fromEntries(outputs.map((name) => [name, new Float32Array(rows)]));
}
