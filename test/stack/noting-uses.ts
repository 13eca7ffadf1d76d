import type { Store } from '../../lib/store/store.ts';

export type Uses = Readonly<Record<'read' | 'write' | 'delete', Set<string>>>;

/** The same store, which notes the prefix of every key that it is asked for. */
export function notingUses(store: Store, { read, write, delete: deleted }: Uses): Store {
  const prefixOf = (key: string) => `${key.split('/')[0]}/`;
  const note =
    <Rest extends unknown[], Result>(uses: Set<string>, method: (key: string, ...rest: Rest) => Result) =>
    (key: string, ...rest: Rest): Result => {
      uses.add(prefixOf(key));
      return method(key, ...rest);
    };
  return {
    ...store,
    head: note(read, store.head),
    get: note(read, store.get),
    toFile: note(read, store.toFile),
    put: note(write, store.put),
    putFile: note(write, store.putFile),
    delete: note(deleted, store.delete),
    copy(from, to) {
      read.add(prefixOf(from));
      write.add(prefixOf(to));
      return store.copy(from, to);
    },
  };
}

export function noUses(): Uses {
  return { read: new Set(), write: new Set(), delete: new Set() };
}
