import { createHash } from 'node:crypto';
import type { ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { getIfPresent } from '../../../lib/store/records.ts';
import type { Store } from '../../../lib/store/store.ts';

/**
 * Reads a file's scores as a reader does that waits for `_SUCCESS`. Returns false if there are none yet, or if they are
 * being replaced.
 * @throws {Error} if `_SUCCESS` and the manifest agree and a part is not whole.
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
    // The parts are deleted once a newer manifest has replaced this one.
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
