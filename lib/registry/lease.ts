/**
 * The lease on a model's training, which lets one run at a time train it. A lease is a record in the bucket that its
 * holder renews by compare-and-swap. It expires at a time of the bucket's own clock, which all runs go by. A holder
 * that was suspended for longer learns at its next renewal whether another run has taken the lease.
 *
 * Every holder has a number, the epoch of the lease (a fencing token; no epoch of training). A promotion carries it,
 * and fails after one of a later holder.
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { putConditionally } from '../store/conditional-put.ts';
import { readRecord, recordText, type Stored } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { currentVersion } from './current.ts';
import { LeaseHeldError, LeaseLostError } from './errors.ts';
import { leaseKey } from './keys.ts';

const LEASE_FORMAT = 1;

/** Renewals in the lifetime of a lease: it ends when that many in a row have failed. */
const RENEWALS = 3;

/** Attempts to take a lease that other runs change at the same time. */
const ATTEMPTS = 10;

const leaseSchema = z.object({
  formatVersion: z.literal(LEASE_FORMAT),
  runId: z.string(),
  /** Id of the process that holds the lease. A run that is started again keeps its run id, but has another holder. */
  holder: z.string(),
  /** Number of the holder; every later holder has a higher one. */
  epoch: z.number().int().min(1),
  expiresAt: z.iso.datetime(),
  /** Whether the holder has given the lease back before it expired. */
  isReleased: z.boolean(),
});

type LeaseRecord = Readonly<z.infer<typeof leaseSchema>>;

const LEASE = { formatVersion: LEASE_FORMAT, schema: leaseSchema };

/** Which run takes the lease, and for how long. */
export interface LeaseOptions {
  /** Id of the run. A run that holds the lease already, and was started again, takes it over at once. */
  readonly runId: string;
  /** Milliseconds until the lease expires if it is not renewed. It is renewed at every third of that. */
  readonly lifetimeMs: number;
}

/** A lease that this process holds, and renews until it is released or lost. */
export interface Lease {
  readonly runId: string;
  /** Number of this holder, higher than that of every earlier one. */
  readonly epoch: number;
  /** Aborts with a `LeaseLostError` when another run has taken the lease, or may have taken it. */
  readonly lost: AbortSignal;
  /**
   * Renews the lease now.
   * @throws {LeaseLostError} if another run has taken it, or its record was deleted.
   */
  renew(): Promise<void>;
  /** Ends the lease, so that another run can take it at once. Does nothing if the lease is lost. */
  release(): Promise<void>;
}

/**
 * Takes the lease of a model, and renews it from then on.
 * @throws {LeaseHeldError} if another run holds it.
 */
export async function takeLease(store: Store, name: string, { runId, lifetimeMs }: LeaseOptions): Promise<Lease> {
  const key = leaseKey(name);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const held = await readLease(store, name);
    const asked = performance.now();
    const now = await store.now();
    const promoted = (await currentVersion(store, name))?.trainingEpoch ?? 0;
    if (held !== null && isHeldByAnother(held.value, runId, now)) throw heldBy(name, held.value, store);
    const record: LeaseRecord = {
      formatVersion: LEASE_FORMAT,
      runId,
      holder: randomUUID(),
      // Higher than the epoch of the last promotion as well, since the record of the lease may have been deleted.
      epoch: Math.max(held?.value.epoch ?? 0, promoted) + 1,
      expiresAt: new Date(now.getTime() + lifetimeMs).toISOString(),
      isReleased: false,
    };
    const etag = await swap(store, name, record, held?.etag ?? null);
    if (etag !== null) return new HeldLease(store, name, lifetimeMs, { record, etag, asked });
  }
  throw new Error(`lease ${key} changed ${ATTEMPTS} times while it was being taken (in ${store.url})`);
}

/** Returns whether another run than `asking` holds the lease at a time of the bucket's clock. */
function isHeldByAnother({ runId, isReleased, expiresAt }: LeaseRecord, asking: string, now: Date): boolean {
  return runId !== asking && !isReleased && new Date(expiresAt) > now;
}

function heldBy(name: string, { runId, expiresAt }: LeaseRecord, store: Store): LeaseHeldError {
  return new LeaseHeldError(
    `model ${name} is being trained by run ${runId}, whose lease holds until ${expiresAt} unless it is renewed (in ${store.url})`,
  );
}

/** A lease as it was just taken. */
interface TakenLease {
  readonly record: LeaseRecord;
  readonly etag: string;
  /** Time by `performance.now()`, taken before the bucket's clock was read. */
  readonly asked: number;
}

class HeldLease implements Lease {
  readonly #store: Store;
  readonly #name: string;
  readonly #lifetimeMs: number;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #record: LeaseRecord;
  #etag: string;
  /**
   * Time at which the last renewal, or the lease itself, was asked for, by the process's own steady clock,
   * `performance.now()`. By it the lease is given up in time when the bucket cannot be reached.
   */
  #askedAt: number;
  #renewing: Promise<void> = Promise.resolve();

  constructor(store: Store, name: string, lifetimeMs: number, taken: TakenLease) {
    this.#store = store;
    this.#name = name;
    this.#lifetimeMs = lifetimeMs;
    this.#record = taken.record;
    this.#etag = taken.etag;
    this.#askedAt = taken.asked;
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
    // Renewals run one after the other, since each one needs the etag of the one before.
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
      // Other errors may be gone at the next renewal. They end the lease only once it has expired.
      if (performance.now() - this.#askedAt >= this.#lifetimeMs) this.#lose(`it could not be renewed: ${error}`);
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
    this.#askedAt = asked;
  }

  /** Stops renewing, aborts `lost`, and returns the error that says why. */
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
 * Replaces the record with the etag `expected` and returns the new etag; `null` if another holder has written
 * meanwhile. An earlier write of this holder may have seemed to fail and yet have been made. The stored record is then
 * newer than `expected`, but has the same holder, and is replaced.
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
