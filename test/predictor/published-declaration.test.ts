import { describe, expect, it } from 'vitest';
import { currentFeatures, publishedDeclaration } from '../../lib/predictor/published-declaration.ts';
import { promoteVersion } from '../../lib/registry/current.ts';
import { type MemoryStore, memoryStore } from '../../lib/store/memory-store.ts';
import { publishModel, VERSIONS } from '../registry/fixture.ts';

const DECLARATION = `name: hillstrom
stages: { click: { label: clicked } }
log: { keys: [row] }
features:
  age: { type: number, entity: user }
`;
const VERSION = { name: 'hillstrom', version: VERSIONS.one };
const KEY = `models/hillstrom/${VERSIONS.one}/declaration.yaml`;

/** A store whose current version has that declaration. */
async function storeWith(declaration: string): Promise<MemoryStore> {
  const store = memoryStore();
  await publishModel(store, 'one');
  await promoteVersion(store, 'hillstrom', VERSIONS.one, { reason: 'test', at: new Date('2026-02-01') });
  await store.put(KEY, declaration);
  return store;
}

describe('the declaration of a published version', () => {
  it('is read without its other files', async () => {
    const store = await storeWith(DECLARATION);
    await store.delete(KEY.replace('declaration.yaml', 'model.onnx'));
    expect((await publishedDeclaration(store, VERSION)).features.map(({ name }) => name)).toEqual(['age']);
  });

  it('is refused where this release does not read it', async () => {
    const store = await storeWith(`${DECLARATION}novelty: 1\n`);
    await expect(publishedDeclaration(store, VERSION)).rejects.toThrow(/^declaration\.yaml:6:1 /);
  });
});

describe('the features of the current version', () => {
  it('are those of its declaration', async () => {
    const features = await currentFeatures(await storeWith(DECLARATION), 'hillstrom');
    expect(features.map(({ name, type }) => [name, type])).toEqual([['age', 'number']]);
  });

  it('are none where no version is current, or its declaration is gone or not understood', async () => {
    expect(await currentFeatures(memoryStore(), 'hillstrom')).toEqual([]);
    expect(await currentFeatures(await storeWith('name: 1'), 'hillstrom')).toEqual([]);
    const store = await storeWith(DECLARATION);
    await store.delete(KEY);
    expect(await currentFeatures(store, 'hillstrom')).toEqual([]);
  });

  it('are a failure where the bucket, or the pointer, cannot be read', async () => {
    const store = await storeWith(DECLARATION);
    const away = { ...store, get: () => Promise.reject(new Error('connection refused')) };
    await expect(currentFeatures(away, 'hillstrom')).rejects.toThrow('connection refused');
    await store.put('models/hillstrom/current.json', 'no pointer');
    await expect(currentFeatures(store, 'hillstrom')).rejects.toThrow(/current\.json|current version/);
  });
});
