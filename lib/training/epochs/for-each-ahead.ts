/** Uses each value in turn, and has the next one made meanwhile: the engine's threads leave this one free. */
export async function forEachAhead<T>(values: AsyncGenerator<T>, use: (value: T) => Promise<void>): Promise<void> {
  try {
    for (let next = await values.next(); !next.done; ) {
      const used = use(next.value);
      [next] = await Promise.all([values.next(), used]);
    }
  } finally {
    await values.return(undefined);
  }
}
