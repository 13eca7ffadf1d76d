import { describe, expect, it } from 'vitest';
import { ModelLoader } from '../../../lib/scoring/rows/models.ts';
import { registryModels } from '../../../lib/scoring/rows/registry-models.ts';
import { memoryStore, scratch } from '../world/world.ts';

describe('the models of a registry', () => {
  it('are refused by name where none is current', async () => {
    await expect(registryModels(memoryStore(), 'small').current()).rejects.toThrow(
      'model small has no current version (in memory:): train one, or promote one',
    );
  });

  it('are refused where the version is not published, and tried again the next time', async () => {
    const loader = new ModelLoader(memoryStore(), { scratch, threads: 1, memoryLimitMiB: 64 });
    const version = { name: 'small', version: '20260101-000000-01234567' };
    for (const _ of [1, 2]) await expect(loader.load(version)).rejects.toThrow('20260101-000000-01234567');
    await loader.release();
  });
});
