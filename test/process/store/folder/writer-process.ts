/**
 * A process that writes to a file store, for tests of several processes at once.
 * Arguments: the store's root, what to do, and for what.
 */
import { fileStore } from '../../../../lib/store/folder/file-store.ts';
import { PreconditionFailedError } from '../../../../lib/store/store.ts';

const [root = '', task = '', argument = ''] = process.argv.slice(2);
const store = fileStore(root);

/** Tries to be first at each of twenty keys. */
async function claim(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await store.put(`claims/${n}`, argument, { ifAbsent: true }).catch(expectLost);
}

/** Adds one to a number, by compare-and-swap. */
async function increment(times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const { etag, body } = await store.get('counter');
    const next = String(Number(new TextDecoder().decode(body)) + 1);
    const won = await store.put('counter', next, { ifMatch: etag }).then(() => true, expectLost);
    if (won) done += 1;
  }
}

function expectLost(error: unknown): false {
  if (error instanceof PreconditionFailedError) return false;
  throw error;
}

const tasks: Record<string, () => Promise<unknown>> = {
  claim,
  increment: () => increment(Number(argument)),
  /** Writes the object `object` from a local file, which may be a pipe that never ends. */
  putFile: () => store.putFile('object', argument),
  putBytes: () => store.put('object', new Uint8Array(Number(argument))),
};

console.log('ready');
process.stdin.once('data', () => void tasks[task]?.().then(() => process.exit(0)));
