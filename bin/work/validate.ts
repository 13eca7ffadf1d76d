import type { Declaration } from '../../lib/config/declaration.ts';
import { readDeclaration } from '../../lib/config/parse-declaration.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { type LogReport, validateLog } from '../../lib/table/fit/validate.ts';
import { openSource } from '../../lib/table/source/source.ts';
import { EXIT_CODES } from '../exit.ts';
import { formatLogReport } from '../report-text.ts';
import { withScratch } from '../scratch.ts';

export interface ValidateOptions {
  readonly declaration: string;
  readonly data?: string;
  readonly rejects?: string;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** Checks the declaration, and the log where one is given, and prints what is in them. */
export async function validate(options: ValidateOptions, signal: AbortSignal) {
  const { declaration } = await readDeclaration(options.declaration);
  const report = options.data === undefined ? null : await inspectLog(declaration, options.data, options, signal);
  if (options.json) process.stdout.write(`${JSON.stringify({ declaration, log: report })}\n`);
  else {
    const { stages, features, embeddings } = declaration;
    const counts = `${stages.length} stages, ${features.length} features, ${embeddings.length} embedding tables`;
    process.stdout.write(`${options.declaration} is valid: ${counts}\n`);
    if (report !== null) process.stdout.write(`${formatLogReport(report)}\n`);
  }
  return EXIT_CODES.success;
}

/** Checks a log against a declaration. */
export function inspectLog(
  declaration: Declaration,
  path: string,
  { threads, memory, rejects }: Pick<ValidateOptions, 'threads' | 'memory' | 'rejects'>,
  signal: AbortSignal,
): Promise<LogReport> {
  return withScratch(async (scratch) => {
    const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
    try {
      const source = await openSource(database, path);
      signal.throwIfAborted();
      const report = await validateLog(
        database,
        source,
        declaration,
        rejects === undefined ? {} : { rejectsPath: rejects },
      );
      signal.throwIfAborted();
      return report;
    } finally {
      await database.close();
    }
  });
}
