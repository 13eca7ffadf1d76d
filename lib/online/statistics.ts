/**
 * Statistics of answered requests, for monitoring: gathered in memory, in a few kilobytes for each day and version, and
 * added to the bucket every minute. They hold up no request, and none fails because of them.
 */
import { randomUUID } from 'node:crypto';
import { ONLINE_SLOTS } from '../contract/bucket.ts';
import type { Store } from '../store/store.ts';
import { turns } from '../workers/turns.ts';
import { RequestTally, RowBudget, type ScoredRequest, scoredCount } from './request-tally.ts';
import { addBatch, type Batch, type StatisticsPlace } from './statistics-writer.ts';

/** Time from one write to the next. */
const WRITE_MS = 60_000;
/** Longest wait for the store; a write that takes longer is repeated, and counts once. */
const PATIENCE_MS = 10_000;
/** Days that are kept in memory while they cannot be written. */
const MOST_DAYS = 7;

export interface OnlineStatisticsOptions {
  readonly store: Store;
  readonly model: string;
  /** Called once if statistics cannot be written, and again if that happens after a success. */
  readonly onError: (error: unknown) => void;
}

export class OnlineStatistics {
  readonly #place: StatisticsPlace;
  readonly #onError: (error: unknown) => void;
  readonly #budget = new RowBudget();
  readonly #inTurn = turns();
  /** What was not given to a write yet, by day and version. */
  readonly #gathered = new Map<string, Map<string, RequestTally>>();
  /** By day, the batch whose write has not succeeded: it may be in the store all the same. */
  readonly #unsettled = new Map<string, Batch>();
  #lastWrite = Date.now();
  #isFailing = false;
  #timer: NodeJS.Timeout | null = null;

  constructor({ store, model, onError }: OnlineStatisticsOptions) {
    this.#place = { store, model, slot: Math.floor(Math.random() * ONLINE_SLOTS) };
    this.#onError = onError;
  }

  /** Writes every minute, until it is closed. */
  start(): void {
    this.#timer = setInterval(() => void this.write(), WRITE_MS).unref();
  }

  /** Counts a request. */
  add(request: ScoredRequest): void {
    const day = request.at.toISOString().slice(0, 10);
    const versions = this.#gathered.get(day) ?? new Map<string, RequestTally>();
    this.#gathered.set(day, versions);
    const tally = versions.get(request.version) ?? new RequestTally(request);
    versions.set(request.version, tally);
    tally.add(request, this.#budget.take(scoredCount(request), request.at.getTime()));
  }

  /** Writes what was gathered if the last write began a minute ago: for processes that are frozen between requests. */
  async writeIfDue(): Promise<void> {
    if (Date.now() - this.#lastWrite >= WRITE_MS) await this.write();
  }

  /** Writes what was gathered. What cannot be written is kept for the next time, and nothing is thrown. */
  write(): Promise<void> {
    this.#lastWrite = Date.now();
    return this.#inTurn(async () => {
      const failures: unknown[] = [];
      for (const day of new Set([...this.#unsettled.keys(), ...this.#gathered.keys()]))
        await this.#writeDay(day).catch((error: unknown) => failures.push(error));
      const forgotten = this.#forgetOldDays();
      if (forgotten !== null) this.#onError(forgotten);
      else if (failures.length > 0 && !this.#isFailing) this.#onError(failures[0]);
      this.#isFailing = failures.length > 0;
    });
  }

  /** Ends the writing every minute, and writes what is left. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.write();
  }

  async #writeDay(day: string): Promise<void> {
    // There is no newer batch before it is known that the one before is in the store.
    await this.#settle(day);
    const versions = this.#gathered.get(day);
    if (versions === undefined) return;
    this.#gathered.delete(day);
    const sums = Object.fromEntries([...versions].map(([version, tally]) => [version, tally.sums()]));
    this.#unsettled.set(day, { id: randomUUID(), day, versions: sums });
    await this.#settle(day);
  }

  async #settle(day: string): Promise<void> {
    const batch = this.#unsettled.get(day);
    if (batch === undefined) return;
    await inTime(addBatch(this.#place, batch), `${this.#place.store.url} did not take it`);
    this.#unsettled.delete(day);
  }

  /** Frees the memory of the oldest days if there are too many; returns what is lost, `null` if nothing is. */
  #forgetOldDays(): Error | null {
    const days = [...new Set([...this.#unsettled.keys(), ...this.#gathered.keys()])].sort();
    const lost = days.slice(0, Math.max(0, days.length - MOST_DAYS));
    for (const day of lost) {
      this.#unsettled.delete(day);
      this.#gathered.delete(day);
    }
    if (lost.length === 0) return null;
    return new Error(`those of ${lost.join(', ')} are lost: they could not be written for ${MOST_DAYS} days`);
  }
}

async function inTime(work: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
