import { createHash } from 'node:crypto';
import type { ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { getIfPresent } from '../../../lib/store/records.ts';
import type { Store } from '../../../lib/store/store.ts';

/**
 * Reads a file's scores as those do who wait for `_SUCCESS`, at any time: false where there are none yet, or they are
 * being replaced.
 * @throws {Error} where `_SUCCESS` and the manifest agree and a part of it is not whole.
 */
export async function readScores(store: Store, key: string): Promise<boolean> {
  const folder = `scores/${key.slice('candidates/'.length)}/`;
  const success = await getIfPresent(store, `${folder}_SUCCESS`);
  const stored = success && (await getIfPresent(store, `${folder}_manifest.json`));
  if (success === null || stored === null) return false;
  const manifest = JSON.parse(text(stored.body)) as ScoresManifest;
  if (manifest.source !== text(success.body)) return false;
  for (const part of manifest.parts) {
    const object = await getIfPresent(store, part.key);
    if (object !== null && createHash('sha256').update(object.body).digest('hex') === part.sha256) continue;
    // Parts go once a newer manifest is in its place.
    if ((await getIfPresent(store, `${folder}_manifest.json`))?.etag !== stored.etag) return false;
    throw new Error(
      `${part.key} is ${object === null ? 'missing' : 'not whole'} beside its _SUCCESS and _manifest.json`,
    );
  }
  return true;
}

function text(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}
