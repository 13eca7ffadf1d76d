import type { EncodedChunk } from '../../table/encoded.ts';

/** Scores chunks one after the other; the next one must wait for the one before. */
export interface Scorer {
  /** Returns the outputs of all rows, by name. */
  predict(chunk: EncodedChunk): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}
