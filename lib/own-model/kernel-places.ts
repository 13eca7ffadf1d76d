/** Where a user's code ran a kernel, for what is found out about the kernel only after the code has returned. */
import * as tf from '@tensorflow/tfjs-core';
import { UntraceableError } from '../graph/recorder.ts';
import { errorAt, type Place } from './model-file-error.ts';
import type { PlaceOf } from './places.ts';

/**
 * Runs work that traces a user's code, and gives an error about a kernel its place: the line that ran the kernel, or the
 * first of them and the numbers of the others.
 * @throws {ModelFileError} in place of an `UntraceableError` that names a kernel which the user's code ran.
 */
export function placingKernels<T>(placeOf: PlaceOf, work: () => T): T {
  // To write the stack of every call out would take longer than all else: only those of the kernel at fault are.
  const calls = new Map<string, Error[]>();
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = (name, ...rest) => {
    const known = calls.get(name) ?? [];
    known.push(new Error('place'));
    calls.set(name, known);
    return runKernel.call(engine, name, ...rest) as never;
  };
  try {
    return work();
  } catch (error) {
    const kernel = error instanceof UntraceableError ? /\bkernel (\w+)/.exec(error.message)?.[1] : undefined;
    const [first, ...others] = linesOf(calls.get(kernel ?? '') ?? [], placeOf);
    if (first === undefined) throw error;
    const also = others.length === 0 ? '' : ` (or in line ${others.map(({ line }) => line).join(', ')})`;
    throw errorAt(first, `${(error as Error).message}${also}`, { cause: error });
  } finally {
    Reflect.deleteProperty(engine, 'runKernel');
  }
}

/** The places of calls, one for each line. */
function linesOf(calls: readonly Error[], placeOf: PlaceOf): Place[] {
  const places = calls.flatMap(({ stack }) => placeOf(stack) ?? []);
  return [...new Map(places.map((place) => [`${place.file}:${place.line}`, place])).values()];
}
