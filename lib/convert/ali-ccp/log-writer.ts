/** Writes the rows of a part of the dump as files of the log, one while the next is gathered. */
import { join } from 'node:path';
import { mix } from '../../numbers/random.ts';
import type { Database } from '../../table/database.ts';
import type { FeatureRow } from './feature-row.ts';
import type { DumpName } from './find-dump.ts';
import { LogPart, type Part } from './log-part.ts';
import type { SkeletonRow } from './read-dump.ts';
import type { SharedFeatures } from './shared-features.ts';

/** Rows of the log by part of the split, with their labels. */
export type PartCounts = Readonly<Record<Part, { rows: number; clicks: number; purchases: number }>>;

export function noRows(): PartCounts {
  const none = () => ({ rows: 0, clicks: 0, purchases: 0 });
  return { train: none(), validation: none(), test: none() };
}

export interface LogWriterOptions {
  readonly name: DumpName;
  readonly database: Database;
  readonly folder: string;
  /** What rows share with others. */
  readonly shared: SharedFeatures;
  /** Share of the training rows that are validation rows. */
  readonly validation: number;
}

export class LogWriter {
  readonly counts = noRows();
  files = 0;
  rows = 0;
  readonly #options: LogWriterOptions;
  readonly #full: LogPart[] = [];
  #part = new LogPart();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  add(row: SkeletonRow, features: FeatureRow): void {
    const { name, validation } = this.#options;
    const part = name === 'train' && isChosen(row.id, validation) ? 'validation' : name;
    const counts = this.counts[part];
    counts.rows += 1;
    counts.clicks += row.click;
    counts.purchases += row.purchase;
    this.rows += 1;
    this.#part.add({ ...row, part }, features);
    if (!this.#part.isFull) return;
    this.#full.push(this.#part);
    this.#part = new LogPart();
  }

  /** Begins to write what is full. Waits for the files before it, so that few rows are in memory at once. */
  async writeFull(): Promise<void> {
    for (const part of this.#full.splice(0)) {
      await this.#writing;
      this.#writing = this.#write(part);
      // An error is thrown where the write is waited for.
      this.#writing.catch(() => undefined);
    }
  }

  /** Writes all rows that are left. */
  async end(): Promise<void> {
    if (this.#part.rows > 0) this.#full.push(this.#part);
    await this.writeFull();
    await this.#writing;
  }

  /** Waits until nothing is being written, whether or not it succeeds. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  #write(part: LogPart): Promise<void> {
    const { database, folder, name, shared } = this.#options;
    const number = String(this.files).padStart(5, '0');
    this.files += 1;
    return part.write(database, shared, join(folder, `${name}-${number}.parquet`));
  }
}

/** Whether a row is one of a share of all, by a hash of its id. */
function isChosen(id: number, share: number): boolean {
  return (mix(id ^ Math.floor(id / 2 ** 32)) >>> 0) / 2 ** 32 < share;
}
