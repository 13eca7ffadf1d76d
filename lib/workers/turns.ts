/** Runs work in its turn, and returns its result. */
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

/** Returns a function whose calls begin their work in the order of the calls, at most so many at once. */
export function atMost(count: number): InTurn {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
