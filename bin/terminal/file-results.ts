/** The results of candidate files: those that were scored on standard output, the others on standard error. */

import { failureKey, scoresFolder } from '../../lib/contract/bucket.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { count, countOf } from '../../lib/numbers/text.ts';
import type { FailureReason } from '../../lib/scoring/errors.ts';
import type { FileResult } from '../../lib/scoring/local/local.ts';
import type { ScoresManifest } from '../../lib/scoring/protocol/records.ts';
import type { Session } from './exit.ts';
import { type Io, print, printError } from './io.ts';

/** Prints every result, all as one JSON document where that is asked for; returns the exit code for them. */
export function printResults(
  { io, signal }: Session,
  results: readonly FileResult[],
  { json, bucket }: { readonly json: boolean; readonly bucket: string },
): ExitCode {
  if (json) print(io, JSON.stringify(results));
  else for (const result of results) printFileResult(io, result, bucket);
  return signal.aborted ? EXIT_CODES.interrupted : exitCodeOfResults(results);
}

/** Prints a line with the rows and the place of the scores, and its notes, or the reason why there are none. */
export function printFileResult(io: Io, result: FileResult, bucket: string): void {
  const line = formatFileResult(result, bucket);
  if (result.status === 'succeeded') print(io, [line, ...notesOf(result)].join('\n'));
  else printError(io, `entirespace: ${line}`);
}

/** The line of a result, without the name of the command in front of it. */
export function formatFileResult(result: FileResult, bucket: string): string {
  switch (result.status) {
    case 'succeeded': {
      const { scored, rejected, seconds, model } = result.manifest;
      const rate = seconds > 0 ? `, ${count(scored / seconds)} rows/s` : '';
      return `${result.key}: ${countOf(scored, 'row')} scored${unknownText(result.manifest)}, ${count(rejected)} rejected, by ${model.name} ${model.version}${rate} -> ${bucket}/${scoresFolder(result.key)}`;
    }
    case 'failed':
      return `${result.failure.message} -> ${bucket}/${failureKey(result.key)}`;
    case 'refused':
      return result.message;
    case 'open':
      return `${result.key}: not finished, a later run goes on from here`;
  }
}

function notesOf({ key, manifest }: Extract<FileResult, { readonly status: 'succeeded' }>): string[] {
  return manifest.notes.map((note) => `note: ${key}: ${note}`);
}

/** Rows whose user or item a feature table lacks; many of them may mean that the keys are written in another way. */
function unknownText({ unknownEntities = {} }: ScoresManifest): string {
  const counts = Object.entries(unknownEntities).filter(([, rows]) => rows > 0);
  return counts.length === 0
    ? ''
    : ` (${counts.map(([entity, rows]) => `${count(rows)} of an unknown ${entity}`).join(', ')})`;
}

/** The exit code is the machine's where a file failed after every retry: the file itself is not at fault. */
function exitCodeOfResults(results: readonly FileResult[]): ExitCode {
  const isGivenUp = (result: FileResult) =>
    result.status === 'failed' && result.failure.reason === ('retries_exhausted' satisfies FailureReason);
  if (results.some(isGivenUp)) return EXIT_CODES['disk or memory'];
  return results.every(({ status }) => status === 'succeeded') ? EXIT_CODES.success : EXIT_CODES['bad data'];
}
