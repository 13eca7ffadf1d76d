/** Conditions on the scores folder: some hold at every instant, others at the end. */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { workPartKey } from '../../../lib/contract/bucket.ts';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import type { Failure, Outcome, Plan, ScoresManifest } from '../../../lib/scoring/protocol/records.ts';
import { FOLDER, KEPT, type MemoryStore, partText, rankedText, type Shards } from './world.ts';

/** What a reader sees in the folder. */
export interface Seen {
  readonly success: string | null;
  readonly manifest: ScoresManifest | null;
  readonly failure: Failure | null;
  readonly parts: readonly string[];
}

export function see(store: MemoryStore): Seen {
  return {
    success: textOf(store, `${FOLDER}_SUCCESS`),
    manifest: jsonOf<ScoresManifest>(store, `${FOLDER}_manifest.json`),
    failure: jsonOf<Failure>(store, `${FOLDER}_FAILED.json`),
    parts: store.keys().filter((key) => key.startsWith(`${FOLDER}part-`)),
  };
}

/**
 * At any instant, whichever processes run: every part that the manifest names is there with the bytes and rows it
 * names. So a reader who finds the same source in `_SUCCESS` and in the manifest reads whole scores of one version.
 */
export function checkManifest(store: MemoryStore): void {
  const { manifest, success } = see(store);
  if (manifest === null) {
    expect(success, '_SUCCESS without a manifest').toBeNull();
    return;
  }
  for (const { key, sha256 } of manifest.parts) expect(sha256Of(textOf(store, key) ?? ''), key).toBe(sha256);
  expect(manifest.scored + manifest.rejected).toBe(manifest.rowsIn);
  expect(manifest.parts.reduce((rows, part) => rows + part.rows, 0)).toBe(manifest.ranking?.kept ?? manifest.scored);
}

/**
 * At any time while finishers of one version run, with or without objects of older ones: if there is a `_SUCCESS`, the
 * folder holds exactly the parts of its version, so that a reader may also list the folder.
 */
export function checkFolder(store: MemoryStore): void {
  checkManifest(store);
  const { success, manifest, failure, parts } = see(store);
  if (success === null) return;
  expect(manifest?.source).toBe(success);
  expect(parts).toEqual(manifest?.parts.map(({ key }) => key));
  expect(failure).toBeNull();
}

/** At the end: the folder shows this version's outcome and nothing else claims to be one. */
export function checkShown(store: MemoryStore, source: string, status: 'succeeded' | 'failed'): Seen {
  const seen = see(store);
  checkFolder(store);
  expect(outcomeOf(store, source)?.status).toBe(status);
  expect(seen.success).toBe(status === 'succeeded' ? source : null);
  expect(seen.failure?.source ?? null).toBe(status === 'failed' ? source : null);
  return seen;
}

/** At the end: all rows of the file, scored by the model of its plan, are there, and nothing else is. */
export function checkWhole(store: MemoryStore, file: FileVersion, shards: Shards): void {
  const { manifest, parts } = checkShown(store, file.source, 'succeeded');
  const plan = planOf(store, file);
  const scored = sum(shards.map((shard) => shard.scored));
  const rejected = sum(shards.map((shard) => shard.rejected));
  expect(manifest).toMatchObject({ model: plan?.model, rowsIn: scored + rejected, scored, rejected });
  const version = plan?.model.version ?? '';
  const texts = shards.map((_, shard) =>
    plan?.ranking === undefined
      ? partText(file.source, shard, version)
      : rankedText(workPartKey(file.source, shard), version),
  );
  expect(manifest?.ranking).toEqual(plan?.ranking && { ...plan.ranking, kept: shards.length * KEPT });
  // Whichever processor they were scored on.
  expect(parts.map((key) => textOf(store, key)?.split(' on ')[0])).toEqual(texts);
  expect(manifest?.rejects.map((key) => store.keys().includes(key))).toEqual(
    shards.filter((shard) => shard.rejected > 0).map(() => true),
  );
  checkWrittenOnce(store);
}

/** Plans, parts and receipts never change, even if a later writer has the same bytes. */
function checkWrittenOnce(store: MemoryStore): void {
  const written = store.keys().filter((key) => /^_work\/[^/]+\/(plan|parts|receipts|ranked)\b/.test(key));
  const again = written.filter((key) => store.versions(key).length > 1);
  expect(again, 'written more than once').toEqual([]);
}

export function outcomeOf(store: MemoryStore, source: string): Outcome | null {
  return jsonOf<Outcome>(store, `_work/${source}/outcome.json`);
}

export function planOf(store: MemoryStore, { source }: Pick<FileVersion, 'source'>): Plan | null {
  return jsonOf<Plan>(store, `_work/${source}/plan.json`);
}

function jsonOf<Value>(store: MemoryStore, key: string): Value | null {
  const text = textOf(store, key);
  return text === null ? null : (JSON.parse(text) as Value);
}

function textOf(store: MemoryStore, key: string): string | null {
  const body = store.keys().includes(key) ? store.versions(key).at(-1)?.body : undefined;
  return body === undefined ? null : decode(body);
}

function decode(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
