import { FUNCTION_SCRATCH_MIB } from '../contract/limits.ts';
import type { Model } from '../model/model.ts';
import { byteText } from '../numbers/text.ts';
import { weightBytes } from './required-memory.ts';

/** Says of a model that its versions will not fit on the scratch disk that functions have by default; `null` if they will. */
export function largeVersionNote(model: Model): string | null {
  const [bytes, most] = [weightBytes(model), FUNCTION_SCRATCH_MIB * 2 ** 20];
  if (bytes <= most) return null;
  return `a version has ${byteText(bytes)} of weights, more than the ${byteText(most)} of scratch disk that functions have: score it on a machine (entirespace score), or give them more, up to 10240 MiB (-c scratch)`;
}
