import type { Declaration } from '../../lib/config/declaration.ts';
import { foresee } from '../../lib/gate/foresee.ts';
import { type LogReport, validateLog } from '../../lib/table/fit/validate.ts';
import { withLog } from '../../lib/table/open-log.ts';
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
  path: readonly string[],
  { threads, memory, rejects }: InspectOptions,
  { io, signal }: Session,
): Promise<LogReport> {
  return withScratch(io, (scratch) => {
    const limits = { scratch, threads, memoryLimitMiB: memory };
    const options = {
      declaration,
      dataPath: path,
      cwd: io.cwd,
      ...limits,
      ...(rejects && { rejectsPath: rejects }),
      signal,
    };
    return withLog(options, async ({ database, log }) => {
      const report = await validateLog(database, log);
      signal.throwIfAborted();
      const { refusals, notes } = foresee(declaration, report.summary, report.heldOut.test);
      const refused = refusals.map((refusal) => `the gate would refuse a version: ${refusal}`);
      return { ...report, summary: { ...report.summary, notes: [...report.summary.notes, ...notes, ...refused] } };
    });
  });
}
