/** Runs work, and returns its result, once all that was given before it has ended. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Returns a function whose calls run their work one after the other, in the order of the calls. */
export function turns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    // The failure of one is no failure of the next.
    last = result.catch(() => undefined);
    return result;
  };
}
