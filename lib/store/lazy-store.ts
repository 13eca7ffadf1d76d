import type { Store } from './store.ts';

/** A store without files that is loaded by its first use, so that its library costs nothing where no store is used. */
export function lazyStore(url: string, load: () => Promise<Store>): Store {
  let loaded: Promise<Store> | undefined;

  function store(): Promise<Store> {
    loaded ??= load();
    return loaded;
  }

  return {
    url,
    hasFiles: false,
    now: async () => (await store()).now(),
    head: async (...args) => (await store()).head(...args),
    get: async (...args) => (await store()).get(...args),
    put: async (...args) => (await store()).put(...args),
    delete: async (...args) => (await store()).delete(...args),
    copy: async (...args) => (await store()).copy(...args),
    async *list(prefix) {
      yield* (await store()).list(prefix);
    },
    async *listFolders(folder) {
      yield* (await store()).listFolders(folder);
    },
    putFile: async (...args) => (await store()).putFile(...args),
    toFile: async (...args) => (await store()).toFile(...args),
  };
}
