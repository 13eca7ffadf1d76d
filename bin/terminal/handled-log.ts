/** The log of the handlers, as lines for a person or as JSON for a program. */

import { failureKey, scoresFolder } from '../../lib/contract/bucket.ts';
import { count, countOf } from '../../lib/numbers/text.ts';
import type { PlanResult } from '../../lib/scoring/protocol/plan.ts';
import type { Logger } from '../../lib/scoring/protocol/ports.ts';
import type { Reconciled } from '../../lib/scoring/protocol/reconcile.ts';
import type { ScoreResult } from '../../lib/scoring/protocol/score.ts';
import { LEFT_OUT_REASONS } from '../../lib/table/source/left-out.ts';
import { noteLine } from './file-results.ts';
import { type Io, print, printError } from './io.ts';

type Details = Parameters<Logger['info']>[1];

/** A line, and whether it goes to standard error. */
interface Line {
  readonly text: string;
  readonly isBad: boolean;
}

/**
 * A log on standard output: for a program each entry is a line of JSON; for a person there is a line for each file that
 * was planned or has ended, and, on standard error, for each error.
 */
export function handledLog(
  io: Pick<Io, 'stdout' | 'stderr'>,
  { json, bucket }: { readonly json: boolean; readonly bucket: string },
): Logger {
  const entry = (level: string) => (message: string, details: Details) =>
    print(io, JSON.stringify({ level, message, ...details }, errorAsText));
  if (json) return { info: entry('info'), error: entry('error') };
  return {
    info: (message, details) => {
      for (const line of linesOf(message, details, bucket)) printLine(io, line);
    },
    error: (message, details) => printLine(io, { text: `${message}: ${whyOf(details)}`, isBad: true }),
  };
}

function linesOf(message: string, details: Details, bucket: string): Line[] {
  switch (message) {
    case 'arrival handled':
      return (details.files as readonly PlanResult[]).flatMap((file) => linesOfResult(file, bucket));
    case 'shard handled':
      return linesOfResult(details as ScoreResult, bucket);
    case 'reconciled':
      return linesOfReconciled(details as Details & Reconciled);
    default:
      return [];
  }
}

function linesOfResult(result: PlanResult | ScoreResult, bucket: string): Line[] {
  switch (result.status) {
    case 'planned':
      return [{ text: `${result.key}: ${countOf(result.rows, 'row')} planned`, isBad: false }];
    case 'succeeded': {
      const rows = `${countOf(result.scored, 'row')} scored, ${count(result.rejected)} rejected`;
      const text = `${result.key}: ${rows} -> ${bucket}/${scoresFolder(result.key)}`;
      const notes = result.notes.map((note) => ({ text: noteLine(result.key, note), isBad: false }));
      return [{ text, isBad: false }, ...notes];
    }
    case 'failed':
      return [{ text: `${result.message} -> ${bucket}/${failureKey(result.key)}`, isBad: true }];
    case 'refused':
      return [{ text: result.message, isBad: true }];
    case 'ignored':
      return result.reason === null
        ? []
        : [{ text: `${result.key}: left out: ${LEFT_OUT_REASONS[result.reason]}`, isBad: false }];
    case 'open':
    case 'superseded':
      return [];
  }
}

function linesOfReconciled({ failed, unreadable }: Reconciled): Line[] {
  return [
    ...failed.map((source) => ({ text: `dead letter: the file of source ${source} has failed`, isBad: true })),
    ...unreadable.map((why) => ({ text: `dead letter: ${why}`, isBad: true })),
  ];
}

function printLine(io: Pick<Io, 'stdout' | 'stderr'>, { text, isBad }: Line): void {
  if (isBad) printError(io, `entirespace: ${text}`);
  else print(io, text);
}

function whyOf({ error, ...details }: Details): string {
  return error === undefined ? JSON.stringify(details) : String(errorAsText('', error));
}

/** For `JSON.stringify`, which would write an error as `{}`. */
function errorAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}
