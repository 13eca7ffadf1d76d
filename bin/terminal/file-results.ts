/** What became of candidate files: on standard output what was scored, on standard error what was not. */

import { failureKey, scoresFolder } from '../../lib/contract/bucket.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { count } from '../../lib/numbers/text.ts';
import type { FileResult } from '../../lib/scoring/local/local.ts';
import type { ScoresManifest } from '../../lib/scoring/protocol/records.ts';
import type { Session } from './exit.ts';
import { type Io, print, printError } from './io.ts';

/** Prints every result, as one JSON document where asked; the exit code tells whether all were scored. */
export function printResults(
  { io, signal }: Session,
  results: readonly FileResult[],
  { json, bucket }: { readonly json: boolean; readonly bucket: string },
): ExitCode {
  if (json) print(io, JSON.stringify(results));
  else for (const result of results) printFileResult(io, result, bucket);
  return signal.aborted ? EXIT_CODES.interrupted : exitCodeOfResults(results);
}

/** A line: rows and place of the scores, or why there are none. */
export function printFileResult(io: Io, result: FileResult, bucket: string): void {
  const line = formatFileResult(result, bucket);
  if (result.status === 'succeeded') print(io, line);
  else printError(io, `entirespace: ${line}`);
}

/** The line of a result, without the name of the command in front of it. */
export function formatFileResult(result: FileResult, bucket: string): string {
  switch (result.status) {
    case 'succeeded': {
      const { scored, rejected, seconds, model } = result.manifest;
      const rate = seconds > 0 ? `, ${count(scored / seconds)} rows/s` : '';
      return `${result.key}: ${count(scored)} rows scored${unknownText(result.manifest)}, ${count(rejected)} rejected, by ${model.name} ${model.version}${rate} -> ${bucket}/${scoresFolder(result.key)}`;
    }
    case 'failed':
      return `${result.failure.message} -> ${bucket}/${failureKey(result.key)}`;
    case 'refused':
      return result.message;
    case 'open':
      return `${result.key}: not finished, a later run goes on from here`;
  }
}

/** Rows that were scored although a table lacks their entity: many of them may mean that its keys are of another form. */
function unknownText({ unknownEntities = {} }: ScoresManifest): string {
  const counts = Object.entries(unknownEntities).filter(([, rows]) => rows > 0);
  return counts.length === 0
    ? ''
    : ` (${counts.map(([entity, rows]) => `${count(rows)} of an unknown ${entity}`).join(', ')})`;
}

/** A file that failed after every retry was not itself at fault. */
function exitCodeOfResults(results: readonly FileResult[]): ExitCode {
  const isGivenUp = (result: FileResult) => result.status === 'failed' && result.failure.reason === 'retries_exhausted';
  if (results.some(isGivenUp)) return EXIT_CODES['disk or memory'];
  return results.every(({ status }) => status === 'succeeded') ? EXIT_CODES.success : EXIT_CODES['bad data'];
}
