import type { Queue } from '../../../lib/queue/queue.ts';
import type { ListedObject, Store } from '../../../lib/store/store.ts';

/** One call on a store or a queue. */
export interface Operation {
  readonly name: 'head' | 'get' | 'list' | 'put' | 'putFile' | 'copy' | 'delete' | 'send';
  readonly key: string;
  /** Whether it may change anything. */
  readonly changes: boolean;
}

/** The store and the queue that calls act on. */
export interface Target {
  readonly store: Store;
  readonly queue: Queue;
}

/** Decides on what, when, whether and how often a call acts, and what its caller gets. */
export type Gate = <Result>(operation: Operation, act: (target: Target) => Promise<Result>) => Promise<Result>;

/** A store and a queue of which every call has to pass a gate. */
export function gated(gate: Gate, url = 'memory:'): Target {
  const read = (name: Operation['name'], key: string) => ({ name, key, changes: false });
  const change = (name: Operation['name'], key: string) => ({ name, key, changes: true });
  return {
    store: {
      url,
      hasFiles: false,
      now: async () => new Date(0),
      head: (key, versionId) => gate(read('head', key), ({ store }) => store.head(key, versionId)),
      get: (key, options) => gate(read('get', key), ({ store }) => store.get(key, options)),
      put: (key, body, options) => gate(change('put', key), ({ store }) => store.put(key, body, options)),
      putFile: (key, path, options) => gate(change('putFile', key), ({ store }) => store.putFile(key, path, options)),
      copy: (from, to) => gate(change('copy', to), ({ store }) => store.copy(from, to)),
      delete: (key) => gate(change('delete', key), ({ store }) => store.delete(key)),
      toFile: () => Promise.reject(new Error('the protocol leaves files to its port')),
      listFolders: () => {
        throw new Error('the protocol lists no folders');
      },
      async *list(prefix) {
        yield* await gate(read('list', prefix), ({ store }) => listed(store, prefix));
      },
    },
    queue: { send: (bodies) => gate(change('send', bodies.join()), ({ queue }) => queue.send(bodies)) },
  };
}

async function listed(store: Store, prefix: string): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const object of store.list(prefix)) objects.push(object);
  return objects;
}
