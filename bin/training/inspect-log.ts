import type { Declaration } from '../../lib/config/declaration.ts';
import { checkLog } from '../../lib/table/check/log.ts';
import { openDatabase } from '../../lib/table/database.ts';
import { type LogReport, validateLog } from '../../lib/table/fit/validate.ts';
import { openSource } from '../../lib/table/source/source.ts';
import { withScratch } from '../scratch.ts';
import type { Session } from '../terminal/exit.ts';

interface InspectOptions {
  readonly threads: number;
  readonly memory: number;
  /** Where the bad rows go, if there are any. */
  readonly rejects?: string;
}

/** Checks a log against a declaration. */
export function inspectLog(
  declaration: Declaration,
  path: string,
  { threads, memory, rejects }: InspectOptions,
  { io, signal }: Session,
): Promise<LogReport> {
  return withScratch(io.env, async (scratch) => {
    const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
    try {
      const source = await openSource(database, path, io.cwd);
      signal.throwIfAborted();
      const options = rejects === undefined ? {} : { rejectsPath: rejects };
      const report = await validateLog(database, await checkLog(database, source, declaration, options));
      signal.throwIfAborted();
      return report;
    } finally {
      await database.close();
    }
  });
}
