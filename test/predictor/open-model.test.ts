/** Model versions opened in the one way, from a folder and from a registry. */
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { Session } from '../../lib/engine/ort/session.ts';
import { ScoringThreads } from '../../lib/engine/scoring/scoring-threads.ts';
import { beginVersion } from '../../lib/predictor/begin-version.ts';
import { fetchModel, modelFiles, openEncoder, openModel, openVersion } from '../../lib/predictor/open-model.ts';
import { VersionNotFoundError } from '../../lib/registry/errors.ts';
import { type MemoryStore, memoryStore } from '../../lib/store/memory-store.ts';
import { openStore } from '../../lib/store/open-store.ts';
import type { Store } from '../../lib/store/store.ts';
import { type Database, openDatabase, query } from '../../lib/table/database.ts';
import type { EncodedChunk } from '../../lib/table/encoded.ts';
import { type TrainedModel, train } from '../../lib/training/train.ts';
import { publishTrained } from '../../training/publish-trained.ts';
import { largestDifference } from '../engine/scoring/published.ts';
import { syntheticLog } from '../training/synthetic-log.ts';

const DECLARATION = `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row] }
split: { hash: user, validation: 0.1, test: 0.2 }
features:
  age: { type: number, entity: user }
  item: { type: category, entity: item, dimension: 4 }
model: { hidden_units: [8] }
training: { batch_size: 256, epochs: 1 }
`;
const AT = new Date('2026-03-01T00:00:00.000Z');
const declaration = parseDeclaration(DECLARATION, 'shop.yaml');
const CHUNK: EncodedChunk = {
  rows: 3,
  ids: { item: Int32Array.of(0, 2, 5) },
  weights: {},
  numbers: { age: Float32Array.of(18, Number.NaN, 77) },
};

let folder: string;
let trained: TrainedModel;
let database: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'predictor-'));
  const dataPath = join(folder, 'log.csv');
  await writeFile(dataPath, syntheticLog({ seed: 1, rows: 3000, start: new Date('2026-01-01'), days: 3 }));
  const options = { dataPath, scratch: folder, threads: 1, memoryLimitMiB: 256 };
  trained = await train({ declaration, declarationText: DECLARATION, ...options });
  database = await openDatabase(options);
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

const emptyFolder = () => mkdtemp(join(folder, 'scratch-'));
const limits = { threads: 1, memoryLimitMiB: 256 };

/** A store in which the model is published, after something is done to its folder. */
async function published(spoil?: (folder: string) => Promise<void>) {
  return publishedTo(memoryStore(), spoil);
}

async function publishedTo<AnyStore extends Store>(store: AnyStore, spoil?: (folder: string) => Promise<void>) {
  const copy = join(await emptyFolder(), 'model');
  await cp(trained.folder, copy, { recursive: true });
  await spoil?.(copy);
  const version = await publishTrained(store, declaration, { ...trained, folder: copy }, { threads: 1, at: AT });
  return { store, version: { name: 'shop', version } };
}

async function expectedScores(): Promise<Record<string, Float32Array>> {
  const session = await Session.open(await readFile(join(trained.folder, 'model.onnx')), { threads: 1 });
  const outputs = await session.run({
    item: { data: BigInt64Array.from(CHUNK.ids.item ?? [], BigInt), shape: [3] },
    age: { data: CHUNK.numbers.age as Float32Array, shape: [3] },
  });
  await session.release();
  return outputs as Record<string, Float32Array>;
}

describe('a model version in a folder', () => {
  it('gives its declaration, its encoder and the probabilities of its ONNX file', async () => {
    const model = await openModel(database, await modelFiles(trained.folder), limits);
    expect(model.declaration).toEqual(declaration);
    expect(model.encoder.features).toEqual(declaration.features);
    expect(model.outputs).toEqual(['pctr', 'pcvr', 'pctcvr']);
    expect(largestDifference(await model.predict(CHUNK), await expectedScores())).toBeLessThan(1e-6);
    await model.release();
  });

  it('leaves the database open that it was given', async () => {
    const model = await openModel(database, await modelFiles(trained.folder), limits);
    await model.release();
    const rows = await query(database, `SELECT count(*) AS size FROM ${model.encoder.vocabularies.item?.table}`);
    expect(rows).toEqual([{ size: 10n }]);
  });

  it('needs no session to encode', async () => {
    const copy = join(await emptyFolder(), 'model');
    await cp(trained.folder, copy, { recursive: true });
    await rm(join(copy, 'model.onnx'));
    const { encoder } = await openEncoder(database, await modelFiles(copy));
    expect(encoder.inputs.map(({ name }) => name)).toEqual(['age', 'item']);
  });

  it('is refused where its declaration cannot be read', async () => {
    const empty = await emptyFolder();
    await expect(modelFiles(empty)).rejects.toMatchObject({
      name: 'DeclarationError',
      message: `${empty}/declaration.yaml:1:1 no such file`,
    });
  });
});

describe('a version of a registry', () => {
  it('is fetched and opened in a database of its own, which goes when it is released', async () => {
    const { store, version } = await published();
    const scratch = await emptyFolder();
    const model = await openVersion(store, version, { scratch, ...limits }).predictor;
    expect(model.folder).toBe(join(scratch, 'shop', version.version));
    expect(largestDifference(await model.predict(CHUNK), await expectedScores())).toBeLessThan(1e-6);
    expect(await databasesIn(scratch)).toHaveLength(1);
    await model.release();
    expect(await databasesIn(scratch)).toEqual([]);
  });

  it('of a store of files is opened from what threads have begun with, unless that is another version', async () => {
    const bucket = await emptyFolder();
    const { store, version } = await publishedTo(openStore(bucket));
    const [threads, scratch] = [new ScoringThreads(2), await emptyFolder()];
    const begun = beginVersion(store, version, { threads, cacheFolder: scratch });
    await (await begun.fetched).verified;
    const manifest = join(bucket, 'models', 'shop', version.version, 'manifest.json');
    await rename(manifest, `${manifest}.away`);
    const options = { scratch, ...limits, threads: 2 };
    const model = await openVersion(store, version, { ...options, started: { threads, begun } }).predictor;
    expect(largestDifference(await model.predict(CHUNK), await expectedScores())).toBeLessThan(1e-6);
    await model.release();

    const others = new ScoringThreads(2);
    const other = { ...begun, version: { ...version, version: '20260301-000000-00000000' } };
    const opening = openVersion(store, version, { ...options, started: { threads: others, begun: other } });
    await expect(opening.predictor).rejects.toThrow(VersionNotFoundError);
    await others.release();
  });

  it('of a store of files is verified and read by a thread where many rows come', async () => {
    const bucket = await emptyFolder();
    const { store, version } = await publishedTo(openStore(bucket));
    const scratch = await emptyFolder();
    const open = () =>
      openVersion(store, version, {
        scratch,
        ...limits,
        threads: 2,
        started: { threads: new ScoringThreads(2), begun: null },
      });
    const opening = open();
    expect((await opening.encoding).encoder.features.map(({ name }) => name)).toEqual(['age', 'item']);
    const model = await opening.predictor;
    expect(largestDifference(await model.predict(CHUNK), await expectedScores())).toBeLessThan(1e-6);
    await model.release();

    await writeFile(join(bucket, 'models', 'shop', version.version, 'model.onnx'), 'no model');
    const damaged = open();
    for (const promise of [damaged.encoding, damaged.predictor])
      await expect(promise).rejects.toThrow(/model\.onnx: sha256 got \w{64}, expected \w{64}/);
    expect(await databasesIn(scratch)).toEqual([]);
  });

  it.each([
    {
      what: 'it is not published',
      spoil: async () => undefined,
      change: async (store: MemoryStore, prefix: string) => store.delete(`${prefix}manifest.json`),
      name: 'VersionNotFoundError',
      message: /^version \S+ of model shop in memory: was never completed: it has files, but no manifest$/,
    },
    {
      what: 'a file of it has changed',
      spoil: async () => undefined,
      change: async (store: MemoryStore, prefix: string) => store.put(`${prefix}probe.json`, '{}'),
      name: 'ModelCorruptedError',
      message: /^shop \S+ does not match its manifest: probe\.json: sha256 got \w{64}, expected \w{64} \(in memory:\)$/,
    },
    {
      what: 'its declaration is of another release',
      spoil: (place: string) => writeFile(join(place, 'declaration.yaml'), `${DECLARATION}novelty: 1\n`),
      change: async () => undefined,
      name: 'DeclarationError',
      message: /declaration\.yaml:\d+:1 .*novelty/,
    },
    {
      what: 'its encoder does not give what was recorded',
      spoil: async (place: string) => {
        const probe = JSON.parse(await readFile(join(place, 'probe.json'), 'utf8'));
        probe.expected[1].item = 99;
        await writeFile(join(place, 'probe.json'), JSON.stringify(probe));
      },
      change: async () => undefined,
      name: 'EncoderMismatchError',
      message: /^encoder differs from its probe: feature item, value "i\d": got \d, expected 99 \(in /,
    },
    {
      what: 'its model is no ONNX file',
      spoil: (place: string) => writeFile(join(place, 'model.onnx'), 'no model'),
      change: async () => undefined,
      name: 'Error',
      message: /model\.onnx is no ONNX model/,
    },
  ])('is refused, and leaves nothing open, where $what', async ({ spoil, change, name, message }) => {
    const { store, version } = await published(spoil);
    await change(store, `models/shop/${version.version}/`);
    const scratch = await emptyFolder();
    await expect(openVersion(store, version, { scratch, ...limits }).predictor).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message),
    });
    expect(await databasesIn(scratch)).toEqual([]);
  });

  it('can be looked at without a database', async () => {
    const { store, version } = await published();
    const scratch = await emptyFolder();
    expect(await fetchModel(store, version, scratch)).toEqual({
      folder: join(scratch, 'shop', version.version),
      declaration,
    });
    expect(await databasesIn(scratch)).toEqual([]);
  });
});

async function databasesIn(scratch: string): Promise<string[]> {
  return (await readdir(scratch)).filter((name) => name.startsWith('table-'));
}
