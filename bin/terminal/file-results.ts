/** The results of candidate files: those that were scored on standard output, the others on standard error. */

import { failureKey, PREFIXES, scoresFolder } from '../../lib/contract/bucket.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { count, countOf, precise } from '../../lib/numbers/text.ts';
import type { FailureReason } from '../../lib/scoring/errors.ts';
import type { FileResult } from '../../lib/scoring/local/local.ts';
import type { ScoresManifest } from '../../lib/scoring/protocol/records.ts';
import { leftOutNotes } from '../../lib/table/source/left-out.ts';
import type { Session } from './exit.ts';
import { type Io, print, printError } from './io.ts';

/** Prints every result, all as one JSON document where that is asked for; returns the exit code for them. */
export function printResults(
  { io, signal }: Session,
  results: readonly FileResult[],
  { json, bucket }: { readonly json: boolean; readonly bucket: string },
): ExitCode {
  if (json) print(io, JSON.stringify(results));
  else {
    for (const result of results) if (result.status !== 'left_out') printFileResult(io, result, bucket);
    for (const note of leftOutLines(results, bucket)) print(io, note);
  }
  return signal.aborted ? EXIT_CODES.interrupted : exitCodeOfResults(results);
}

/** Returns lines on the keys that were not taken for candidate files: with the number, the reason and some names. */
export function leftOutLines(results: readonly FileResult[], bucket: string): string[] {
  const leftOut = results.flatMap((result) =>
    result.status === 'left_out' ? [{ name: result.key, reason: result.reason, files: 1 }] : [],
  );
  return leftOutNotes(leftOut, `${bucket}/${PREFIXES.candidates}`).map((note) => `note: ${note}`);
}

/** The result of a file that was taken for a candidate. */
export type CandidateResult = Exclude<FileResult, { readonly status: 'left_out' }>;

/** Prints a line with the rows and the place of the scores, and its notes, or the reason why there are none. */
export function printFileResult(io: Io, result: CandidateResult, bucket: string): void {
  const line = formatFileResult(result, bucket);
  if (result.status === 'succeeded') print(io, [line, ...notesOf(result)].join('\n'));
  else printError(io, `entirespace: ${line}`);
}

/** The line of a result, without the name of the command in front of it. */
export function formatFileResult(result: CandidateResult, bucket: string): string {
  switch (result.status) {
    case 'succeeded': {
      const { scored, rejected, seconds, cost, model, ranking } = result.manifest;
      const { earlier } = result;
      if (earlier !== undefined && earlier.currentVersion !== model.version)
        return `${result.key} has scores by ${model.name} ${model.version}; the current version is ${earlier.currentVersion}: score it with --again all for scores by that -> ${bucket}/${scoresFolder(result.key)}`;
      const rate = seconds > 0 && earlier === undefined ? `, ${count(scored / seconds)} rows/s` : '';
      const before = earlier === undefined ? '' : 'has scores already, ';
      return `${result.key}: ${before}${countOf(scored, 'row')} scored${unknownText(result.manifest)}, ${count(rejected)} rejected${ranking === undefined ? '' : `, ${count(ranking.kept)} kept`}, by ${model.name} ${model.version}${rate}${cost === undefined ? '' : `, ${precise(cost.usd)} USD`} -> ${bucket}/${scoresFolder(result.key)}`;
    }
    case 'failed':
      return `${result.failure.message}${result.earlier === undefined ? '' : ' (an earlier result: --again failed tries it again)'} -> ${bucket}/${failureKey(result.key)}`;
    case 'refused':
      return result.message;
    case 'open':
      return `${result.key}: not finished, a later run goes on from here`;
  }
}

function notesOf({ key, manifest }: Extract<FileResult, { readonly status: 'succeeded' }>): string[] {
  return manifest.notes.map((note) => noteLine(key, note));
}

/** The line of a note on a file, which begins with the file. */
export function noteLine(key: string, note: string): string {
  return `note: ${note.startsWith(key) ? note : `${key}: ${note}`}`;
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
  return results.every(({ status }) => status === 'succeeded' || status === 'left_out')
    ? EXIT_CODES.success
    : EXIT_CODES['bad data'];
}
