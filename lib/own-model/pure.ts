/**
 * Runs a user's code so that it cannot depend on the time, on chance or on the machine without being told. A model is
 * run a few times and recorded: a random number would be one constant for ever, and the same file another model each
 * time. It is no sandbox: the file is the user's own, and runs with the user's rights.
 */

/** Thrown inside a user's call that reads what a model may not depend on. */
export class ImpureError extends Error {
  override readonly name = 'ImpureError';
}

const DEEP_STACK = 200;
const EXPECTED = 'expected a model that computes the same in every run';

/**
 * Runs work with the clock and the sources of random numbers closed, and with stacks deep enough to show the user's
 * call through TF.js.
 * @throws {ImpureError} where the work has read one of them, even if it caught that.
 */
export function runPure<T>(work: () => T): T {
  let refusal: ImpureError | null = null;
  const refuse = (what: string) => (): never => {
    const error = new ImpureError(`reads ${what}, ${EXPECTED}`);
    refusal ??= error;
    throw error;
  };
  const { Date: clock } = globalThis;
  const closed: readonly Closed[] = [
    { on: globalThis, name: 'Date', value: closedClock(clock, refuse) },
    { on: Math, name: 'random', value: refuse('a random number (Math.random)') },
    { on: performance, name: 'now', value: refuse('the clock (performance.now)') },
    { on: crypto, name: 'getRandomValues', value: refuse('random numbers (crypto.getRandomValues)') },
    { on: crypto, name: 'randomUUID', value: refuse('a random number (crypto.randomUUID)') },
    { on: globalThis, name: 'fetch', value: refuse('the network (fetch)') },
    { on: Error, name: 'stackTraceLimit', value: DEEP_STACK },
  ];
  const open = closed.map(replace);
  try {
    const result = work();
    if (refusal !== null) throw refusal;
    return result;
  } catch (error) {
    throw refusal ?? error;
  } finally {
    for (const restore of open.reverse()) restore();
  }
}

/** Returns what stands in for `process` in a user's script. */
export function closedProcess(): unknown {
  const refuse = (_: object, name: string | symbol): never => {
    throw new ImpureError(`reads process.${String(name)}, ${EXPECTED}`);
  };
  return new Proxy({}, { get: refuse, has: refuse, set: refuse });
}

interface Closed {
  readonly on: object;
  readonly name: string;
  readonly value: unknown;
}

/** Replaces a member, and returns the function that puts it back. */
function replace({ on, name, value }: Closed): () => void {
  const own = Object.getOwnPropertyDescriptor(on, name);
  Object.defineProperty(on, name, { value, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(on, name);
    else Object.defineProperty(on, name, own);
  };
}

/** Returns `Date` for given times only. */
function closedClock(clock: DateConstructor, refuse: (what: string) => () => never): unknown {
  return new Proxy(clock, {
    construct: (target, args) =>
      args.length === 0 ? refuse('the clock (new Date)')() : Reflect.construct(target, args),
    apply: refuse('the clock (Date)'),
    get: (target, name) => (name === 'now' ? refuse('the clock (Date.now)') : Reflect.get(target, name)),
  });
}
