/** Measures a log: its columns, and how they depend on each other. */
import type { Database } from '../table/database.ts';
import { type ColumnFacts, columnFacts } from '../table/profile/column-facts.ts';
import { type LogSample, sampleLog } from '../table/profile/log-sample.ts';
import { type Dependence, dependenceOn, type LabelPatterns, labelPatterns } from '../table/profile/relations.ts';
import type { Source } from '../table/source/source.ts';
import type { LogProfile } from './draft.ts';
import { guessIds, type Ids } from './guess/ids.ts';
import { labelCandidates } from './guess/labels.ts';
import { type BagWeights, findWeights } from './guess/weights.ts';

/** 0/1 columns that are looked at as labels, the last of the log: the number of their combinations is bounded. */
const MOST_CANDIDATES = 200;

/** A log as `init` knows it before it guesses anything. */
export interface MeasuredLog {
  readonly profile: LogProfile;
  readonly sample: LogSample;
  readonly ids: Ids;
  readonly candidates: readonly ColumnFacts[];
  readonly patterns: LabelPatterns;
  /** What depends on the ids of users, items and sessions; `null` where there is none, or hardly one repeats. */
  readonly dependence: Readonly<Record<keyof Ids, Dependence | null>>;
  readonly weights: BagWeights;
}

/** Ids that must repeat in the sample, so that what depends on them can be told. */
const ENOUGH_REPEATED = 20;

/** Measures the columns of a log, and how they depend on each other. */
export async function measureLog(database: Database, source: Source): Promise<MeasuredLog> {
  const sample = await sampleLog(database, source);
  const { logRows, rows, unreadable } = sample;
  const columns = await columnFacts(database, sample);
  const profile: LogProfile = { source: source.path, logRows, rows, columns, unreadable };
  const candidates = labelCandidates(columns).slice(-MOST_CANDIDATES);
  const ids = guessIds(columns);
  const dependent = async (id: ColumnFacts | null) => {
    if (id === null) return null;
    const found = await dependenceOn(database, sample, id, columns);
    return found.repeated < ENOUGH_REPEATED ? null : found;
  };
  const dependence = {
    user: await dependent(ids.user),
    item: await dependent(ids.item),
    session: await dependent(ids.session),
  };
  const patterns = await labelPatterns(database, sample, candidates);
  const weights = await findWeights(database, sample, columns);
  return { profile, sample, ids, candidates, patterns, dependence, weights };
}
