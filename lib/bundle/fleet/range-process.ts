/**
 * Encodes ranges in a process of its own, one for each plan, so that the encoder is fetched once, and a crash leaves the
 * function alive.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyToFile } from '../../store/copy-to-file.ts';
import { openObjectFile } from '../../store/object-file.ts';
import { oneAtATime } from '../../store/parallel.ts';
import type { Store } from '../../store/store.ts';
import type { DatabaseOptions } from '../../table/database.ts';
import { workerUrl } from '../../workers/entries.ts';
import { digestFile } from '../../workers/file-digest.ts';
import { WorkerProcess } from '../../workers/worker-process.ts';
import type { EncodeRequest } from '../encode-worker.ts';
import type { EncodedShard } from '../shard-encoder.ts';
import type { RangeEncoder } from './encode-range.ts';
import { type EncodingPlace, type EncodingPlan, encoderKey, preparedKey } from './records.ts';

/** The store, and what the process may use. */
export interface RangeProcessOptions extends DatabaseOptions {
  readonly store: Store;
  /** Existing folder for the encoder, which is kept from range to range. */
  readonly scratch: string;
}

/** Encodes ranges, one at a time. */
export class RangeProcess implements RangeEncoder {
  readonly #options: RangeProcessOptions;
  readonly #inTurn = oneAtATime();
  #running: { readonly encoding: string; readonly worker: WorkerProcess<EncodeRequest, EncodedShard> } | null = null;

  constructor(options: RangeProcessOptions) {
    this.#options = options;
  }

  encode(place: EncodingPlace, plan: EncodingPlan, range: number, folder: string): Promise<EncodedShard> {
    return this.#inTurn(async () => {
      try {
        return await this.#encode(place, plan, range, folder);
      } catch (error) {
        // What it has begun to write must not get into the files of the next range.
        await this.#end();
        throw error;
      }
    });
  }

  /** Ends the process, if there is one. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#end());
  }

  async #encode(place: EncodingPlace, plan: EncodingPlan, range: number, folder: string): Promise<EncodedShard> {
    const { store, scratch, threads, memoryLimitMiB } = this.#options;
    const { rows, meanWeights, prepared } = plan;
    const { from, to, bytes } = plan.ranges[range] as EncodingPlan['ranges'][number];
    const encoderFolder = join(scratch, 'encoder');
    if (this.#running?.encoding !== place.encoding) {
      await this.#end();
      await this.#fetchEncoder(place, plan, encoderFolder);
      const worker = new WorkerProcess<EncodeRequest, EncodedShard>(
        workerUrl('encode-worker'),
        'the process that encodes rows',
      );
      this.#running = { encoding: place.encoding, worker };
    }
    const { versionId, size, footer } = prepared;
    const file = await openObjectFile(store, { key: preparedKey(place), versionId, size }, folder);
    await file.fetch([bytes, footer]);
    await mkdir(join(folder, 'rows'));
    return this.#running.worker.request({
      job: { rows, meanWeights },
      encoderFolder,
      database: { threads, memoryLimitMiB, scratch },
      shard: { index: range, from, to },
      place: { folder, copy: file.path },
    });
  }

  async #fetchEncoder(place: EncodingPlace, { encoder }: EncodingPlan, folder: string): Promise<void> {
    const { store } = this.#options;
    await rm(folder, { recursive: true, force: true });
    for (const { path, versionId, sha256 } of encoder) {
      const key = encoderKey(place, path);
      await copyToFile(store, { key, versionId }, join(folder, path));
      if ((await digestFile(join(folder, path))).sha256 !== sha256)
        throw new Error(`${store.url}/${key} was changed: it has another SHA-256 than its plan gives`);
    }
  }

  async #end(): Promise<void> {
    const worker = this.#running?.worker;
    this.#running = null;
    await worker?.end();
  }
}
