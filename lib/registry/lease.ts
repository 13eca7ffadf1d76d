/**
 * Who may train a model: one run at a time. A lease is a record in the bucket that its holder renews by
 * compare-and-swap; its expiry is a time of the bucket's own clock, by which all runs judge it. A holder that stopped
 * for longer than that finds out by its next renewal, and may not promote any more.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { putConditionally } from '../store/conditional-put.ts';
import { readRecord, recordText, type Stored } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { currentVersion } from './current.ts';
import { LeaseHeldError, LeaseLostError } from './errors.ts';
import { leaseKey } from './keys.ts';

const LEASE_FORMAT = 1;

/** A lease that is not renewed three times in a row ends. */
const RENEWALS = 3;

const ATTEMPTS = 10;

const leaseSchema = z.object({
  formatVersion: z.literal(LEASE_FORMAT),
  runId: z.string(),
  /** Id of this very process: a run that was started again has the run id of the one before. */
  holder: z.string(),
  /** Counts the holders: the higher one is the later. */
  epoch: z.number().int().min(1),
  expiresAt: z.iso.datetime(),
  isReleased: z.boolean(),
});

type LeaseRecord = Readonly<z.infer<typeof leaseSchema>>;

const LEASE = { formatVersion: LEASE_FORMAT, schema: leaseSchema };

export interface LeaseOptions {
  /** A run that holds the lease already, and was started again, takes over at once. */
  readonly runId: string;
  /** Milliseconds for which the lease holds without renewal; it is renewed three times as often. */
  readonly lifetimeMs: number;
}

export interface Lease {
  readonly runId: string;
  readonly epoch: number;
  /** Aborted, with a `LeaseLostError`, once another run has taken the lease, or may have. */
  readonly lost: AbortSignal;
  /**
   * Renews it now.
   * @throws {LeaseLostError} where another run has taken it.
   */
  renew(): Promise<void>;
  /** Lets others have it at once; never throws for a lease that is lost. */
  release(): Promise<void>;
}

/**
 * Takes the lease of a model and keeps renewing it.
 * @throws {LeaseHeldError} while another run holds it.
 */
export async function takeLease(store: Store, name: string, { runId, lifetimeMs }: LeaseOptions): Promise<Lease> {
  const key = leaseKey(name);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const held = await readLease(store, name);
    const now = await store.now();
    const promoted = (await currentVersion(store, name))?.trainingEpoch ?? 0;
    if (held !== null && isHeldByAnother(held.value, runId, now)) throw heldBy(name, held.value, store);
    const record: LeaseRecord = {
      formatVersion: LEASE_FORMAT,
      runId,
      holder: randomUUID(),
      // After every epoch that has promoted, too: the lease may have been deleted.
      epoch: Math.max(held?.value.epoch ?? 0, promoted) + 1,
      expiresAt: new Date(now.getTime() + lifetimeMs).toISOString(),
      isReleased: false,
    };
    const etag = await swap(store, name, record, held?.etag ?? null);
    if (etag !== null) return new HeldLease(store, name, lifetimeMs, record, etag);
  }
  throw new Error(`lease ${key} changed ${ATTEMPTS} times while it was being taken (in ${store.url})`);
}

function isHeldByAnother({ runId, isReleased, expiresAt }: LeaseRecord, asking: string, now: Date): boolean {
  return runId !== asking && !isReleased && new Date(expiresAt) > now;
}

function heldBy(name: string, { runId, expiresAt }: LeaseRecord, store: Store): LeaseHeldError {
  return new LeaseHeldError(
    `model ${name} is being trained by run ${runId}, whose lease holds until ${expiresAt} unless it is renewed (in ${store.url})`,
  );
}

class HeldLease implements Lease {
  readonly #store: Store;
  readonly #name: string;
  readonly #lifetimeMs: number;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #record: LeaseRecord;
  #etag: string;
  /** When it was renewed by the process's own steady clock, to give up in time where the bucket cannot be reached. */
  #renewedAt = performance.now();
  #renewing: Promise<void> = Promise.resolve();

  constructor(store: Store, name: string, lifetimeMs: number, record: LeaseRecord, etag: string) {
    this.#store = store;
    this.#name = name;
    this.#lifetimeMs = lifetimeMs;
    this.#record = record;
    this.#etag = etag;
    this.#timer = setInterval(() => this.#tick(), lifetimeMs / RENEWALS);
    this.#timer.unref();
  }

  get runId(): string {
    return this.#record.runId;
  }

  get epoch(): number {
    return this.#record.epoch;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  renew(): Promise<void> {
    // One after the other: each swap needs the etag of the one before.
    this.#renewing = this.#renewing.catch(() => undefined).then(() => this.#renewNow());
    return this.#renewing;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing.catch(() => undefined);
    if (this.#lost.signal.aborted) return;
    await swap(this.#store, this.#name, { ...this.#record, isReleased: true }, this.#etag);
  }

  #tick(): void {
    this.renew().catch((error: unknown) => {
      if (error instanceof LeaseLostError) return;
      // The bucket may be back at the next tick, unless the lease has ended by then.
      if (performance.now() - this.#renewedAt >= this.#lifetimeMs) this.#lose(`it could not be renewed: ${error}`);
    });
  }

  async #renewNow(): Promise<void> {
    this.#lost.signal.throwIfAborted();
    const asked = performance.now();
    const now = await this.#store.now();
    const record = { ...this.#record, expiresAt: new Date(now.getTime() + this.#lifetimeMs).toISOString() };
    const etag = await swap(this.#store, this.#name, record, this.#etag);
    if (etag === null) {
      const held = await readLease(this.#store, this.#name);
      throw this.#lose(held === null ? 'it was deleted' : `run ${held.value.runId} has taken it`);
    }
    this.#record = record;
    this.#etag = etag;
    this.#renewedAt = asked;
  }

  #lose(why: string): LeaseLostError {
    clearInterval(this.#timer);
    const { runId } = this.#record;
    const error = new LeaseLostError(
      `run ${runId} lost the lease on model ${this.#name}: ${why} (in ${this.#store.url})`,
    );
    this.#lost.abort(error);
    return error;
  }
}

function readLease(store: Store, name: string): Promise<Stored<LeaseRecord> | null> {
  return readRecord(store, LEASE, { key: leaseKey(name), what: `lease of ${name}` });
}

/**
 * Writes the record and returns its etag; `null` where another holder was there first. Where an earlier write of this
 * holder was made although it seemed to fail, what is stored is newer than `expected`, and yet the holder's own: it is
 * replaced.
 */
async function swap(store: Store, name: string, record: LeaseRecord, expected: string | null): Promise<string | null> {
  const put = { key: leaseKey(name), content: recordText(record) };
  for (let known = expected; ; ) {
    const written = await putConditionally({ store, newWriterId: randomUUID }, { ...put, expected: known });
    if (written !== null) return written.etag;
    const stored = await readLease(store, name);
    if (stored?.value.holder !== record.holder) return null;
    known = stored.etag;
  }
}
