/** The model that a command scores with, whose current version is being loaded from the first moment on. */
import type { StartedThreads } from '../../lib/predictor/begin-version.ts';
import { ModelLoader } from '../../lib/scoring/rows/models.ts';
import type { Store } from '../../lib/store/store.ts';
import type { EndpointOptions } from '../bucket.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';

export interface LocalOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly again?: 'none' | 'failed' | 'all';
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
  /** Threads that are started already, because the files to score have many rows. */
  readonly started?: StartedThreads | null;
}

/** The model of a bucket that a command scores with. */
export interface ChosenModel {
  readonly name: string;
  /** Loads versions of this model and of others. */
  readonly loader: ModelLoader;
  /** Waits until the current version is loaded: a damaged model fails the command, and not the candidate files. */
  readonly loadCurrent: () => Promise<void>;
  /** Waits until the current version's files are known to be those that were published. */
  readonly verifyCurrent: () => Promise<void>;
  /** Folder for scratch files. */
  readonly scratch: string;
}

/** Runs work with a model whose current version is being loaded meanwhile, and frees it afterwards. */
export function withModel<T>(
  store: Store,
  options: LocalOptions,
  { io }: Session,
  work: (model: ChosenModel) => Promise<T>,
): Promise<T> {
  return withScratch(io, (scratch) => withModelIn(scratch, store, options, work));
}

/** The same with a scratch folder that is there already. */
export async function withModelIn<T>(
  scratch: string,
  store: Store,
  { model, threads, memory, started = null }: LocalOptions,
  work: (model: ChosenModel) => Promise<T>,
): Promise<T> {
  const name = started?.begun?.version.name ?? (await chosenModel(store, model));
  const loader = new ModelLoader(store, { scratch, threads, memoryLimitMiB: memory, started });
  const current = async () => ({ name, version: await requireCurrent(store, name) });
  const loadCurrent = async () => void (await loader.load(await current()));
  const verifyCurrent = async () => void (await loader.loadEncoding(await current()));
  // The work awaits it as well, and reports its failure.
  const loading = loadCurrent().catch(() => undefined);
  try {
    return await work({ name, loader, loadCurrent, verifyCurrent, scratch });
  } finally {
    // What has not begun to load yet could not be released.
    await loading;
    await loader.release();
  }
}
