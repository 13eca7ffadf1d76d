/** The lease and the scratch folder that a run works with. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lease, takeLease } from '../../lib/registry/lease.ts';
import { firstLine } from '../../lib/table/errors.ts';
import type { RunSettings } from './environment.ts';
import type { RunTools } from './tools.ts';

/** What a run holds while it works. */
export interface Held {
  readonly lease: Lease;
  /** An empty local folder. */
  readonly scratch: string;
}

/**
 * Takes the model's lease, works in an empty folder, and gives both back. The tools' signal aborts, too, where the lease
 * is lost.
 * @throws {LeaseHeldError} if another run holds the lease.
 */
export async function underLease<T>(
  { modelName, runId, leaseSeconds, scratch: place }: RunSettings,
  tools: RunTools,
  work: (tools: RunTools, held: Held) => Promise<T>,
): Promise<T> {
  const { store, log } = tools;
  const lease = await takeLease(store, modelName, { runId, lifetimeMs: leaseSeconds * 1000 });
  log.info('lease taken', { epoch: lease.epoch });
  try {
    const signal = AbortSignal.any([tools.signal, lease.lost]);
    return await withScratch(join(place, `entirespace-${modelName}`), (scratch) =>
      work({ ...tools, signal }, { lease, scratch }),
    );
  } finally {
    // This must not hide the error that ended the run. A lease that cannot be released expires by itself.
    await lease.release().catch((error: unknown) => log.error('lease not released', { why: firstLine(error) }));
  }
}

/** Does the work in an empty folder, and removes the folder afterwards. */
async function withScratch<T>(folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  // Files that a killed run left there may be incomplete. A run continues only from what is in the bucket.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
