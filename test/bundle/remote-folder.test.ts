/** Bundles and weights in a bucket: whole, or refused. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remotePlace, requireEmpty } from '../../bin/training/remote-place.ts';
import { type Trained, trainedSchema } from '../../lib/bundle/format.ts';
import { fetchFolder, isThere, sendFolder, TRAINED } from '../../lib/bundle/remote-folder.ts';
import { memoryStore } from '../../lib/store/memory-store.ts';
import type { Store } from '../../lib/store/store.ts';

const WEIGHTS = Buffer.from('weights');
const TRAINED_ON: Trained = {
  format: 1,
  bundleSha256: 'b',
  encoderSha256: 'e',
  engine: 'pytorch',
  device: 'cpu',
  processes: 1,
  precision: 'float32',
  seconds: 1,
  networks: [
    {
      name: null,
      weights: '0.safetensors',
      sha256: createHash('sha256').update(WEIGHTS).digest('hex'),
      bestEpoch: 1,
      stopped: 'epochs',
      stopBy: 'sum',
      epochs: [],
    },
  ],
};

let folder: string;
let source: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'remote-'));
  source = join(folder, 'source');
  await mkdir(source);
  await writeFile(join(source, '0.safetensors'), WEIGHTS);
  await writeFile(join(source, 'trained.json'), JSON.stringify(TRAINED_ON));
});
afterAll(() => rm(folder, { recursive: true }));

async function sent(store: Store = memoryStore()) {
  const place = { store, prefix: 'here/' };
  await sendFolder(TRAINED, source, place, { description: TRAINED_ON });
  return place;
}

const newFolder = () => mkdtemp(join(folder, 'fetched-'));

describe('weights in a bucket', () => {
  it('come back as they were', async () => {
    const to = await newFolder();
    expect(await fetchFolder(TRAINED, await sent(), to)).toEqual(TRAINED_ON);
    expect((await readdir(to)).filter((name) => !name.startsWith('.')).toSorted()).toEqual([
      '0.safetensors',
      'trained.json',
    ]);
  });

  it('are not there before their description is, which is sent last', async () => {
    const memory = memoryStore();
    const cut: Store = {
      ...memory,
      putFile: (key, path) => {
        if (key.endsWith('.json')) throw new Error('cut off');
        return memory.putFile(key, path);
      },
    };
    await expect(sent(cut)).rejects.toThrow('cut off');
    expect(memory.keys()).toEqual(['here/0.safetensors']);
    const place = { store: memory, prefix: 'here/' };
    expect(await isThere(TRAINED, place)).toBe(false);
    await expect(fetchFolder(TRAINED, place, await newFolder())).rejects.toThrow(
      'memory:/here/trained.json is not there, expected weights that a trainer wrote',
    );
  });

  it('are refused where a file is missing or was changed', async () => {
    const place = await sent();
    await place.store.put('here/0.safetensors', 'others');
    await expect(fetchFolder(TRAINED, place, await newFolder())).rejects.toThrow(
      'memory:/here/0.safetensors was changed: it has another SHA-256 than trained.json gives',
    );
    await place.store.delete('here/0.safetensors');
    await expect(fetchFolder(TRAINED, place, await newFolder())).rejects.toThrow(
      'memory:/here/0.safetensors is not there, expected weights that a trainer wrote below here/',
    );
  });

  it('are refused where their description is none', async () => {
    const place = await sent();
    await place.store.put('here/trained.json', '{');
    await expect(fetchFolder(TRAINED, place, await newFolder())).rejects.toThrow(
      'memory:/here/trained.json is not weights that a trainer wrote: no JSON',
    );
  });
});

it.each(['../evil', 'a/../../b', '/etc/passwd', 'a//b'])('no file has the path %s', (weights) => {
  const networks = TRAINED_ON.networks.map((network) => ({ ...network, weights }));
  expect(trainedSchema.safeParse({ ...TRAINED_ON, networks }).success).toBe(false);
});

describe('a place that an option names', () => {
  it('is a folder of a bucket, or a local one', () => {
    const { store, prefix } = remotePlace('--out', 's3://shop-data/bundles/november/', {}) ?? {};
    expect([store?.url, prefix]).toEqual(['s3://shop-data', 'bundles/november/']);
    expect(remotePlace('--out', 'bundle', {})).toBeNull();
  });

  it.each(['s3://shop-data', 's3://shop-data/', 's3://'])('is not %s', (text) => {
    expect(() => remotePlace('--out', text, {})).toThrow(`--out: expected a folder or s3://bucket/folder, got ${text}`);
  });

  it('is refused for a new bundle where it has a file', async () => {
    await expect(requireEmpty(await sent())).rejects.toThrow(
      'memory:/here/ is not empty, it has here/0.safetensors, expected a new folder for the bundle',
    );
    await requireEmpty({ store: memoryStore(), prefix: 'here/' });
  });
});
