/** What online requests are compared by: values, scores and rejects, as those of files, and apart from them. */
import type { ScoreStatistics } from '../../table/candidates/score-statistics.ts';
import type { DayRecord, OnlineDay, VersionDay } from '../history.ts';
import type { Comparison, DayContext } from './check.ts';
import { compareShares } from './shares.ts';
import { compareScores, compareValues } from './values.ts';

/** Subject of what is found of all requests. */
export const ONLINE_REQUESTS = 'online requests';

/**
 * Compares the online requests of a day. The rows of a request share a user and a moment, so that they are no more
 * certain than one row each: counts are reduced to as many as there are requests.
 */
export function compareOnline({ day, before, ...context }: DayContext): Comparison[] {
  const requests: DayContext = { ...context, day: asFiles(day), before: before.map(asFiles) };
  return [compareValues, compareScores, compareShares].flatMap((compare) => compare(requests)).map(named);
}

function named(comparison: Comparison): Comparison {
  const { subject, advice } = comparison;
  return {
    ...comparison,
    subject: subject === '' ? ONLINE_REQUESTS : `${subject} of ${ONLINE_REQUESTS}`,
    advice:
      comparison.check === 'rejected'
        ? 'the responses name each rejected row with its reason'
        : advice.replaceAll('candidates', 'requests'),
  };
}

/** Returns a day whose files are its online requests. */
function asFiles({ day, online = {} }: DayRecord): DayRecord {
  const versions = Object.entries(online).map(([version, requests]) => [version, asFile(requests)] as const);
  return { day, outcomes: null, versions: Object.fromEntries(versions) };
}

function asFile({ requests, rowsIn, scored, rejected, counted, lastAt, features, outputs }: OnlineDay): VersionDay {
  const sampled = Math.min(1, counted.requests / Math.max(1, counted.rows));
  const all = Math.min(1, requests / Math.max(1, rowsIn));
  return {
    files: 0,
    rowsIn: rowsIn * all,
    scored: scored * all,
    rejected: rejected * all,
    seconds: 0,
    lastAt,
    features: Object.fromEntries(
      Object.entries(features).map(([name, { rows, missing, values, unknown, usual }]) => [
        name,
        {
          rows: rows * sampled,
          missing: missing * sampled,
          values: values * sampled,
          unknown: unknown === null ? null : unknown * sampled,
          usual,
        },
      ]),
    ),
    outputs: scaled(outputs, sampled),
    counts: null,
    joined: null,
  };
}

function scaled(outputs: ScoreStatistics, by: number): ScoreStatistics {
  return Object.fromEntries(
    Object.entries(outputs).map(([output, { rows, sum, sumOfSquares, bins }]) => [
      output,
      {
        rows: rows * by,
        sum: sum * by,
        sumOfSquares: sumOfSquares * by,
        bins: { from: bins.from, values: bins.values.map((count) => count * by) },
      },
    ]),
  );
}
