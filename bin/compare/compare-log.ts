/** Compares models on a log, with a line for each run, and writes what was found. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type CompareOptions, compare } from '../../lib/compare/compare.ts';
import { declarationDigest } from '../../lib/compare/family.ts';
import { comparedDeclaration, comparedRoles, NotComparableError } from '../../lib/compare/protocol.ts';
import {
  COMPARISON_FILE,
  type Comparison,
  comparisonText,
  writeWhole,
} from '../../lib/compare/result/comparison-file.ts';
import { openBench } from '../../lib/compare/runs/open-bench.ts';
import { countRuns } from '../../lib/compare/runs/run-store.ts';
import { countOf } from '../../lib/numbers/text.ts';
import type { LogSummary } from '../../lib/table/fit/summary.ts';
import { withLog } from '../../lib/table/open-log.ts';
import { withScratch } from '../scratch.ts';
import { runLine, runName, waitLine } from '../terminal/compare-text.ts';
import { type Session, UsageError } from '../terminal/exit.ts';
import { pathIn, printError } from '../terminal/io.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import type { Project } from '../training/read-project.ts';
import { progressOn } from '../training/show-progress.ts';
import { chosenModels, type ModelNames } from './chosen-models.ts';
import { runningLine } from './running-line.ts';

export interface CompareLogOptions
  extends ModelNames,
    Pick<CompareOptions, 'seeds' | 'trials' | 'by' | 'against' | 'shares'> {
  readonly project: Project;
  /** Path of the declaration. */
  readonly declaration: string;
  readonly data: readonly string[];
  /** Folder of the records and of what is found. */
  readonly out: string;
  readonly rejects: string;
  /** Runs at once. */
  readonly threads: number;
  /** MiB. */
  readonly memory: number;
}

/** Runs what is left, writes `comparison.json`, and returns what it says. `onSummary` is called once the log is encoded. */
export async function compareLog(
  options: CompareLogOptions,
  session: Session,
  onSummary: (summary: LogSummary) => void,
): Promise<Omit<Comparison, 'formatVersion'>> {
  try {
    return await compareOn(options, session, onSummary);
  } catch (error) {
    throw error instanceof NotComparableError ? new UsageError(error.message) : error;
  }
}

async function compareOn(
  options: CompareLogOptions,
  { io, signal }: Session,
  onSummary: (summary: LogSummary) => void,
): Promise<Omit<Comparison, 'formatVersion'>> {
  const { project, rejects, threads, memory } = options;
  const { text, modelFile } = project;
  comparedRoles(project.declaration);
  const declaration = comparedDeclaration(project.declaration);
  const path = pathIn(io, options.declaration);
  const file = {
    declaration: project.declaration,
    text,
    fileName: options.declaration,
    folder: dirname(path),
    modelSha256: modelFile?.bundle.sha256 ?? null,
  };
  const { competitors, leftOut } = await chosenModels(file, options, io);
  const out = pathIn(io, options.out);
  const folder = join(out, 'runs');
  await mkdir(folder, { recursive: true });
  const bar = progressBar(io.stderr);
  const running = runningLine(io.stderr);
  const tell = (line: string) => {
    bar.stop();
    running.clear();
    printError(io, line);
  };
  return withScratch(io, (scratch) => {
    const work = {
      scratch,
      threads,
      signal,
      onProgress: progressOn(bar),
    };
    const log = { declaration, dataPath: options.data, cwd: io.cwd, rejectsPath: rejects, memoryLimitMiB: memory };
    return withLog({ ...log, ...work }, async (opened) => {
      const bench = await openBench(opened, { ...work, onWait: (wait) => tell(waitLine(wait)) });
      try {
        onSummary(bench.summary);
        for (const { name, why } of leftOut) tell(`note: ${name} is left out: ${why}`);
        const before = await countRuns(folder);
        if (before > 0)
          tell(
            `${options.out} has ${countOf(before, 'recorded run')}: those of this declaration and log are not run again`,
          );
        const began = performance.now();
        let runs = 0;
        const comparison = await compare(bench, competitors, {
          ...options,
          folder,
          leftOut: [...leftOut],
          atOnce: threads,
          declarationSha256: declarationDigest(file),
          onDamage: (run, why) => tell(`note: the record ${run} is damaged, and is run again: ${why}`),
          onProgress: (wanted, progress) => running.update(runName(wanted), progress),
          onRun(outcome, done, total) {
            running.end(runName(outcome));
            runs += outcome.seconds === null ? 0 : 1;
            const seconds = (performance.now() - began) / 1000;
            const left = runs === 0 ? null : (seconds / runs) * (total - done);
            if (outcome.seconds !== null || outcome.failure !== null) tell(runLine(outcome, done, total, left));
          },
        });
        await writeWhole(join(out, COMPARISON_FILE), comparisonText(comparison));
        // The library for plots takes a third of a second to load.
        const { comparisonPage, PAGE_FILE } = await import('../../lib/compare/page/page.ts');
        await writeWhole(join(out, PAGE_FILE), comparisonPage(comparison));
        return comparison;
      } finally {
        await bench.close();
      }
    });
  }).finally(() => {
    bar.stop();
    running.clear();
  });
}
