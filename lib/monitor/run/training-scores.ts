import { versionPrefix } from '../../registry/keys.ts';
import { scoreStatistics } from '../../scoring/protocol/records.ts';
import { mapAtOnce } from '../../store/parallel.ts';
import { readRecord } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import { SCORE_STATISTICS_FILE, type ScoreStatistics } from '../../table/candidates/score-statistics.ts';
import type { History } from '../history.ts';

/** Days of which the versions' scores at training are read. */
const RECENT_DAYS = 35;

/** Reads the scores that recent versions gave to their held-out rows, as far as they are there. */
export async function trainingScores(
  store: Store,
  model: string,
  { days }: Pick<History, 'days'>,
): Promise<Record<string, ScoreStatistics>> {
  const versions = [...new Set(days.slice(-RECENT_DAYS).flatMap((day) => Object.keys(day.versions)))];
  const read = await mapAtOnce(versions, async (version) => {
    const key = `${versionPrefix(model, version)}${SCORE_STATISTICS_FILE}`;
    return [version, (await readRecord(store, { schema: scoreStatistics }, { key }))?.value] as const;
  });
  return Object.fromEntries(read.flatMap(([version, found]) => (found === undefined ? [] : [[version, found]])));
}
