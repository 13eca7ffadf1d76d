import { randomUUID } from 'node:crypto';
import type { EntityTable } from '../../lib/config/declaration.ts';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { featureManifestKey, tableFolder } from '../../lib/scoring/rows/feature-manifest.ts';
import { publishFeatures } from '../../lib/scoring/rows/publish-features.ts';
import { checkEntityTable } from '../../lib/table/candidates/entity-table.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { openBucket } from '../bucket.ts';
import { EXIT_CODES, UsageError } from '../exit.ts';
import { progressBar, silentBar } from '../progress-bar.ts';
import { number } from '../report-text.ts';
import { withScratch } from '../scratch.ts';

export interface FeaturesOptions {
  readonly entity: EntityTable['entity'];
  readonly data: string;
  readonly declaration: string;
  readonly bucket: string;
  readonly date: string;
  readonly buckets?: number;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** Checks a table, writes it to the bucket and prints what it is. */
export async function features(options: FeaturesOptions, signal: AbortSignal) {
  const { declaration } = await readDeclaration(options.declaration);
  const entity = declaration.entities.find((table) => table.entity === options.entity);
  if (entity === undefined)
    throw new UsageError(
      `--entity: ${options.declaration} declares no table of ${options.entity}, expected entities: { ${options.entity}: { key: <column> } }`,
    );
  const store = await openBucket(options.bucket, 'create');
  const bar = options.json ? silentBar : progressBar();
  return withScratch(async (scratch) => {
    const database = await openDatabase({ threads: options.threads, memoryLimitMiB: options.memory, scratch });
    try {
      const table = await checkEntityTable(database, options.data, entity, declaration);
      signal.throwIfAborted();
      const dependencies = { store, newWriterId: randomUUID, now: () => new Date() };
      const { date, rows, files } = await publishFeatures(dependencies, database, table, {
        date: options.date,
        scratch,
        signal,
        onProgress: (done) => bar.update({ label: 'features', done, total: table.rows }),
        ...(options.buckets !== undefined && { buckets: options.buckets }),
      });
      bar.stop();
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const manifest = featureManifestKey(options.entity, date);
      const summary = { entity: options.entity, date, manifest, rows, files: files.length, bytes };
      if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
      else
        process.stdout.write(
          `${number(rows)} ${options.entity}s in ${number(files.length)} ${files.length === 1 ? 'file' : 'files'}, ${number(bytes)} bytes -> ${options.bucket}/${tableFolder(options.entity, date)}\n`,
        );
      return EXIT_CODES.success;
    } finally {
      bar.stop();
      await database.close();
    }
  });
}
