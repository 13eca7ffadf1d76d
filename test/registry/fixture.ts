/** A small model folder, and the stores that the registry is tested over. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManifestFacts } from '../../lib/registry/manifest.ts';
import { publishVersion } from '../../lib/registry/publish.ts';
import { fileStore } from '../../lib/store/folder/file-store.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';

export const STORES: readonly (readonly [string, (folder: string) => Store])[] = [
  ['memory store', () => memoryStore()],
  ['file store', (folder) => fileStore(join(folder, 'store'))],
];

export const FACTS: ManifestFacts = {
  libraries: { entirespace: '0.1.0', node: '20.20.2', 'onnxruntime-node': '1.30.0' },
  data: {
    source: 'examples/hillstrom.csv',
    time: {
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-31T23:59:59.000Z',
      train: { from: '2026-01-01T00:00:00.000Z', to: '2026-01-24T23:59:59.000Z' },
      validation: { from: '2026-01-25T00:00:00.000Z', to: '2026-01-27T23:59:59.000Z' },
      test: { from: '2026-01-28T00:00:00.000Z', to: '2026-01-31T23:59:59.000Z' },
    },
    rows: { train: 800, validation: 100, test: 100 },
    labels: { click: { positive: 150, negative: 850, unknown: 0 } },
    trainingRates: { click: 0.15 },
    rejectedByReason: { missing_key: 2 },
  },
  metrics: { ctcvr_auc_own: 0.61, reasons: {} },
  encoderProbeSha256: 'ab'.repeat(32),
  training: {
    engine: 'onnxruntime',
    seed: 7,
    epochs: 4,
    bestEpoch: 2,
    threads: 2,
    cpuModel: 'x',
    seconds: 1.5,
    filledRows: { item: 3 },
  },
};

/** Content of every file of a model folder; `model` is that of the ONNX file. */
export function modelFiles(model: string): Readonly<Record<string, string>> {
  return {
    'declaration.yaml': 'name: hillstrom\n',
    'encoder.json': '{}',
    'inputs.json': '[]',
    'metrics.json': '{}',
    'model.onnx': model,
    'probe.json': '{}',
    'vocabularies/item.parquet': 'PAR1',
  };
}

export async function writeModelFolder(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** Publishes a model as of the given second of 2026-01-31. */
export async function publishModel(store: Store, model: string, second = 0): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'model-'));
  try {
    await writeModelFolder(folder, modelFiles(model));
    const createdAt = new Date(Date.UTC(2026, 0, 31, 23, 59, second));
    return await publishVersion(store, { name: 'hillstrom', folder, facts: FACTS, createdAt });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Folders of file stores with those models, made once in a worker: each of their files takes several system calls. */
const filled = new Map<string, Promise<string>>();

/** Opens a store in an empty folder, with a version of each of those models, one second after the other. */
export async function openWith(
  models: readonly string[],
  open: (folder: string) => Store,
  folder: string,
): Promise<Store> {
  const fill = (store: Store) => Promise.all(models.map((model, second) => publishModel(store, model, second)));
  const store = open(folder);
  if (!store.url.startsWith('file:')) {
    await fill(store);
    return store;
  }
  const name = models.join();
  const made =
    filled.get(name) ??
    mkdtemp(join(tmpdir(), 'filled-')).then(async (folder) => {
      await fill(open(folder));
      return folder;
    });
  filled.set(name, made);
  await cp(await made, folder, { recursive: true, preserveTimestamps: true });
  return store;
}

// First eight digits of sha256sum of the text, and with it the id of the version that `publishModel` makes.
export const VERSIONS = {
  one: '20260131-235900-7692c3ad',
  two: '20260131-235901-3fc4ccfe',
  three: '20260131-235902-8b5b9db0',
} as const;
