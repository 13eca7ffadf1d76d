/** Counts what a piece of work reads, encodes and scores, from events that the code publishes for any caller. */
import { type Channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { basename } from 'node:path';
import { SCORED_CHUNKS, type ScoredChunk } from '../lib/engine/ort/scoring-model.ts';
import { STATEMENTS } from '../lib/table/database.ts';

export interface Observed {
  /** Statements that read rows of these files, footers aside: one for each time that a file is read. */
  readsOf(pattern: RegExp): string[];
  /** CSV files that were imported. */
  readonly imports: number;
  /** Streams of encoded rows of a log. */
  readonly encodings: number;
  /** Encoders whose probe was encoded. */
  readonly probes: number;
  /** Rows that each model has scored, by the name of its folder. */
  readonly scored: Readonly<Record<string, number>>;
}

/** Runs some work and counts. */
export async function observe(work: () => Promise<unknown>): Promise<Observed> {
  const statements: string[] = [];
  const scored: Record<string, number> = {};
  const stop = [
    listen(STATEMENTS, (sql) => statements.push(sql as string)),
    listen(SCORED_CHUNKS, (message) => {
      const { folder, rows } = message as ScoredChunk;
      scored[basename(folder)] = (scored[basename(folder)] ?? 0) + rows;
    }),
  ];
  try {
    await work();
  } finally {
    for (const end of stop) end();
  }
  const isProbe = (sql: string) => sql.includes('AS probe(');
  const isEncoding = (sql: string) => sql.includes('AS "#order"') && !isProbe(sql);
  return {
    readsOf: (pattern) => statements.filter((sql) => pattern.test(sql) && !FOOTERS.some((footer) => footer.test(sql))),
    imports: statements.filter((sql) => sql.includes('read_csv(')).length,
    encodings: statements.filter(isEncoding).length,
    probes: statements.filter(isProbe).length,
    scored,
  };
}

/** Statements for which DuckDB only reads a file's footer, or its first rows. */
const FOOTERS = [
  /^DESCRIBE /,
  /^SELECT [^()]*(?:sum\(num_rows\))?[^()]* FROM parquet_(?:file_metadata|schema)\('[^']*'\)$/,
  /^SELECT count\(\*\) AS rows FROM read_parquet\('[^']*'\)$/,
  / LIMIT 2048\) ?$/,
];

function listen({ name }: Channel, listener: (message: unknown) => void): () => void {
  subscribe(name, listener);
  return () => void unsubscribe(name, listener);
}
