import { randomUUID } from 'node:crypto';
import type { Declaration, EntityTable } from '../../lib/config/declaration.ts';
import type { FeatureManifest } from '../../lib/scoring/rows/feature-manifest.ts';
import { publishFeatures } from '../../lib/scoring/rows/publish-features.ts';
import type { Store } from '../../lib/store/store.ts';
import { checkEntityTable } from '../../lib/table/candidates/entity-table.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';
import { progressBar } from '../terminal/progress-bar.ts';

interface PublishTableOptions {
  /** The table: a file, folder or glob of Parquet or CSV. */
  readonly data: string;
  /** Its date, YYYY-MM-DD. */
  readonly date: string;
  /** Files that it is split into. */
  readonly buckets?: number;
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
}

/** Checks the table of an entity's features and writes it to a store, with a display of the progress. */
export function publishTable(
  store: Store,
  entity: EntityTable,
  declaration: Declaration,
  { data, date, buckets, threads, memory }: PublishTableOptions,
  { io, signal }: Session,
): Promise<FeatureManifest> {
  const bar = progressBar(io.stderr);
  return withScratch(io, async (scratch) => {
    const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
    try {
      const table = await checkEntityTable(database, data, entity, declaration, io.cwd);
      signal.throwIfAborted();
      return await publishFeatures({ store, newWriterId: randomUUID, now: () => new Date() }, database, table, {
        date,
        scratch,
        signal,
        onProgress: (done) => bar.update({ label: 'features', done, total: table.rows }),
        ...(buckets !== undefined && { buckets }),
      });
    } finally {
      bar.stop();
      await database.close();
    }
  });
}
