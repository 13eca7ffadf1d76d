/** The plan of an encoding: what an export puts into the bucket for the functions that encode its rows. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type ConditionalWriter, putConditionally } from '../../store/conditional-put.ts';
import { recordText } from '../../store/records.ts';
import { type ObjectInfo, ObjectNotFoundError } from '../../store/store.ts';
import { findRowBytes, rowsIn } from '../../table/encode/log-rows.ts';
import { writeEncoder } from '../../table/fit/encoder-files.ts';
import type { OpenedLog } from '../../table/open-log.ts';
import { digestFile, digestText } from '../../workers/file-digest.ts';
import { divideRows, type EncodeRowsOptions } from '../encode-rows.ts';
import {
  ENCODING_RECORDS,
  type EncodingPlace,
  type EncodingPlan,
  encoderKey,
  encodingPlanKey,
  preparedKey,
  readPlan,
} from './records.ts';

/** Stands in plans for the path of the prepared rows, which is another one on each machine. */
const PREPARED_PATH = '/prepared.parquet';

/** A plan, and where it is. */
export interface PlannedEncoding {
  readonly place: EncodingPlace;
  readonly plan: EncodingPlan;
}

/**
 * Puts the prepared rows, the encoder and then the plan into the bucket, and returns the plan. An export that is started
 * again with the same rows and settings finds its plan, and what was encoded by it.
 */
export async function planEncoding(
  writer: ConditionalWriter,
  run: Omit<EncodingPlace, 'encoding'>,
  opened: OpenedLog,
  options: Pick<EncodeRowsOptions, 'encoder' | 'scratch' | 'shardRows'>,
): Promise<PlannedEncoding> {
  const { job, shards } = await divideRows(opened, options);
  const folder = join(options.scratch, 'encoder');
  await writeEncoder(opened.database, options.encoder, folder);
  const encoder = await digestsOf(folder);
  const prepared = await digestFile(job.rows.path);
  const { footer, of } = await findRowBytes(opened.database, job.rows, prepared.bytes);
  const work = {
    formatVersion: ENCODING_RECORDS.plan.formatVersion,
    rows: rowsIn(job.rows, PREPARED_PATH),
    meanWeights: job.meanWeights,
    ranges: shards.map(({ from, to }) => ({ from, to, bytes: of(from, to) })),
  } as const;
  const place = { ...run, encoding: digestText(JSON.stringify({ work, encoder, prepared })).slice(0, 16) };
  const planned = await readPlan(writer.store, place);
  if (planned !== null) return { place, plan: planned };
  const files: EncodingPlan['encoder'][number][] = [];
  for (const file of encoder) {
    const { versionId } = await putOnce(writer, encoderKey(place, file.path), join(folder, file.path));
    files.push({ ...file, versionId });
  }
  const { versionId } = await putOnce(writer, preparedKey(place), job.rows.path);
  const plan = { ...work, encoder: files, prepared: { versionId, size: prepared.bytes, footer } };
  const key = encodingPlanKey(place);
  if (await putConditionally(writer, { key, content: recordText(plan), expected: null })) return { place, plan };
  const winner = await readPlan(writer.store, place);
  if (winner === null) throw new ObjectNotFoundError(key, writer.store.url);
  return { place, plan: winner };
}

/** Puts a file under a key that stands for its content: where an object is there, it has the same bytes. */
async function putOnce(writer: ConditionalWriter, key: string, path: string): Promise<ObjectInfo> {
  const { store } = writer;
  const info = (await putConditionally(writer, { key, content: { path }, expected: null })) ?? (await store.head(key));
  if (info === null) throw new ObjectNotFoundError(key, store.url);
  return info;
}

/** The files below a folder, in the order of their paths, with their digests. */
async function digestsOf(folder: string): Promise<{ readonly path: string; readonly sha256: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return Promise.all(
    paths.toSorted().map(async (path) => ({ path, sha256: (await digestFile(join(folder, path))).sha256 })),
  );
}
