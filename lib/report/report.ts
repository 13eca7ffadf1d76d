/** The report of a version: `report.html`, for a person who has two minutes. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gatherFacts, type ReportOptions } from './facts.ts';

export const REPORT_FILE = 'report.html';

export interface WriteReportOptions extends ReportOptions {
  /** Told why a report could not be made: a page that says so is written then, for it must not cost the model. */
  readonly onReportProblem: (error: Error) => void;
}

/** Writes the report into the folder of a trained model. */
export async function writeReport({ onReportProblem, ...options }: WriteReportOptions): Promise<void> {
  const { trained, decided, declaration, signal } = options;
  // The library for plots takes a third of a second to load, which commands that train nothing must not wait for: here
  // it is loaded while the model scores.
  const pages = import('./page.ts');
  const path = join(trained.folder, REPORT_FILE);
  try {
    const facts = await gatherFacts(options);
    await writeFile(path, (await pages).reportPage(facts));
  } catch (error) {
    signal?.throwIfAborted();
    const problem = error instanceof Error ? error : new Error(String(error));
    const { problemPage } = await pages;
    await writeFile(path, problemPage(declaration.name, decided?.decision ?? null, problem.message));
    onReportProblem(problem);
  }
}
