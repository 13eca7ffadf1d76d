/**
 * The calls by which scoring changes a store or a queue, each named, so that a test can kill a process at any of them.
 */
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Store } from '../../../lib/store/store.ts';

/** A call that is about to be made, or has just returned. */
export interface Step {
  readonly when: 'before' | 'after';
  /** Such as `put outcome.json` or `copy part 00001`; the same for every file. */
  readonly name: string;
}

export type OnStep = (step: Step) => Promise<void> | void;

/** The same store, each of whose writes is a step. */
export function withSteps(store: Store, onStep: OnStep): Store {
  const step = around(onStep);
  return {
    ...store,
    put: (key, ...rest) => step(`put ${nameOf(key)}`, () => store.put(key, ...rest)),
    putFile: (key, ...rest) => step(`put ${nameOf(key)}`, () => store.putFile(key, ...rest)),
    copy: (from, to) => step(`copy ${nameOf(to)}`, () => store.copy(from, to)),
    delete: (key) => step(`delete ${nameOf(key)}`, () => store.delete(key)),
  };
}

/** Makes a step of every message that the client sends or deletes. */
export function addSteps(client: SQSClient, names: Readonly<Record<string, string>>, onStep: OnStep): void {
  const step = around(onStep);
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const name = names[commandName];
        return name === undefined ? next(args) : step(name, () => next(args));
      },
    { step: 'initialize', name: 'steps' },
  );
}

function around(onStep: OnStep) {
  return async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    await onStep({ when: 'before', name });
    const result = await call();
    await onStep({ when: 'after', name });
    return result;
  };
}

function nameOf(key: string): string {
  if (key.startsWith('_state/')) return 'pointer';
  const [, folder, part] = /^(_work|scores|rejects)\/.*?(\d{5})\.(?:parquet|json)$/.exec(key) ?? [];
  if (part === undefined) return key.slice(key.lastIndexOf('/') + 1);
  if (folder === '_work') return key.includes('/receipts/') ? `receipt ${part}` : `part ${part}`;
  return `${folder} ${part}`;
}
