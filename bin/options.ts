/** Options that several commands share. */
import { availableParallelism, totalmem } from 'node:os';
import { Option } from 'commander';
import { listModels } from '../lib/registry/versions.ts';
import type { Store } from '../lib/store/store.ts';
import { UsageError } from './exit.ts';

export const declarationOption = () =>
  new Option('-d, --declaration <file>', 'declaration file').default('entirespace.yaml');
export const dataOption = () =>
  new Option('--data <path>', 'impression log: a file, folder or glob of Parquet or CSV').makeOptionMandatory();
export const bucketOption = () =>
  new Option('-b, --bucket <folder>', 'folder, or file:// URL, that holds models/, candidates/ and scores/').default(
    'bucket',
  );
export const modelOption = () => new Option('-m, --model <name>', "model name (default: the bucket's only one)");
export const jsonOption = () => new Option('--json', 'one JSON document on standard output').default(false);
export const threadsOption = () =>
  new Option('--threads <n>', 'threads of training and scoring')
    .default(availableParallelism())
    .argParser(positiveInteger('--threads'));
export const memoryOption = () =>
  new Option('--memory <MiB>', 'memory for reading and encoding; more goes to scratch disk')
    .default(Math.floor(totalmem() / 2 ** 20 / 4))
    .argParser(positiveInteger('--memory'));

/** The named model, or the only one that the bucket has. */
export async function chosenModel(store: Store, name: string | undefined): Promise<string> {
  if (name !== undefined) return name;
  const names = await listModels(store);
  if (names.length === 1) return names[0] as string;
  const found = names.length === 0 ? 'none' : names.join(', ');
  throw new UsageError(`--model is needed where a bucket has not exactly one model, got ${found} (in ${store.url})`);
}

function positiveInteger(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`${option}: got ${JSON.stringify(text)}, expected a whole number above 0`);
    return value;
  };
}
