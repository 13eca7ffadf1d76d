import type { Store } from '../lib/store/store.ts';

/** Wraps a store, and counts its calls and the milliseconds that they took in total. */
export function timedStore(store: Store): {
  readonly store: Store;
  readonly calls: () => number;
  readonly milliseconds: () => number;
} {
  let calls = 0;
  let milliseconds = 0;
  async function timed<T>(call: () => Promise<T>): Promise<T> {
    const started = performance.now();
    calls += 1;
    try {
      return await call();
    } finally {
      milliseconds += performance.now() - started;
    }
  }
  async function* listed<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    const all: T[] = [];
    await timed(async () => {
      for await (const item of items) all.push(item);
    });
    yield* all;
  }
  return {
    store: {
      url: store.url,
      hasFiles: store.hasFiles,
      now: () => store.now(),
      head: (...args) => timed(() => store.head(...args)),
      get: (...args) => timed(() => store.get(...args)),
      put: (...args) => timed(() => store.put(...args)),
      delete: (...args) => timed(() => store.delete(...args)),
      copy: (...args) => timed(() => store.copy(...args)),
      list: (prefix) => listed(store.list(prefix)),
      listFolders: (folder) => listed(store.listFolders(folder)),
      putFile: (...args) => timed(() => store.putFile(...args)),
      toFile: (...args) => timed(() => store.toFile(...args)),
    },
    calls: () => calls,
    milliseconds: () => milliseconds,
  };
}
