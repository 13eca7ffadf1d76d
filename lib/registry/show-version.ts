import type { Store } from '../store/store.ts';
import { currentVersion, type Pin } from './current.ts';
import type { ModelManifest } from './manifest.ts';
import { readManifest } from './versions.ts';

/** A version as the command shows it. */
export interface ShownVersion {
  readonly manifest: ModelManifest;
  readonly isCurrent: boolean;
  /** Why and since when training runs leave it current; `null` if it is not pinned. */
  readonly pin: Pin | null;
  /** Size of all its files. */
  readonly bytes: number;
}

/** @throws as `readManifest`. */
export async function showVersion(store: Store, name: string, version: string): Promise<ShownVersion> {
  const manifest = await readManifest(store, name, version);
  const current = await currentVersion(store, name);
  const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
  const isCurrent = current?.version === version;
  return { manifest, isCurrent, pin: (isCurrent && current.pin) || null, bytes };
}
