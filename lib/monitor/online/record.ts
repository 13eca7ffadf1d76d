/**
 * What is kept of the online requests of a day: counts of all of them, and the statistics that receipts of files have,
 * of as many as there was time to count. A few objects of a day hold it, to which any number of processes add.
 */
import * as z from 'zod';
import { featureCounts, scoreStatistics } from '../../scoring/protocol/records.ts';
import { addStatistics } from '../../table/candidates/score-statistics.ts';
import { addCounts, type FeatureCounts } from '../../table/encode/value-counts.ts';

const ONLINE_FORMAT = 1;

const count = z.number().int().nonnegative();
const sums = z
  .object({
    requests: count,
    rowsIn: count,
    scored: count,
    rejected: count,
    /** The requests, and their scored rows, that `features` and `outputs` are of. */
    counted: z.object({ requests: count, rows: count }).readonly(),
    features: featureCounts,
    outputs: scoreStatistics,
    /** When the last of the requests came. */
    lastAt: z.iso.datetime(),
  })
  .readonly();

/** The schema of the requests of a day that one version has scored. */
export const onlineSums = sums;
/** The requests of a day that one version has scored. */
export type OnlineSums = z.infer<typeof sums>;

const record = z
  .object({
    formatVersion: z.literal(ONLINE_FORMAT),
    model: z.string(),
    /** Day of the requests in UTC. */
    day: z.string(),
    /** Ids of the last writes that added to it, by which a writer knows its own whose response was lost. */
    writes: z.array(z.string()).readonly(),
    versions: z.record(z.string(), sums).readonly(),
  })
  .readonly();

/** An object of the statistics of a day. */
export type OnlineRecord = z.infer<typeof record>;
/** How it is read. */
export const ONLINE_RECORD = { formatVersion: ONLINE_FORMAT, schema: record };

/** A record without requests. */
export function emptyOnlineRecord(model: string, day: string): OnlineRecord {
  return { formatVersion: ONLINE_FORMAT, model, day, writes: [], versions: {} };
}

/** Adds requests by version. */
export function addVersions(
  a: Readonly<Record<string, OnlineSums>>,
  b: Readonly<Record<string, OnlineSums>>,
): Record<string, OnlineSums> {
  const added = { ...a };
  for (const [version, other] of Object.entries(b)) {
    const own = added[version];
    added[version] = own === undefined ? other : addSums(own, other);
  }
  return added;
}

function addSums(a: OnlineSums, b: OnlineSums): OnlineSums {
  return {
    requests: a.requests + b.requests,
    rowsIn: a.rowsIn + b.rowsIn,
    scored: a.scored + b.scored,
    rejected: a.rejected + b.rejected,
    counted: { requests: a.counted.requests + b.counted.requests, rows: a.counted.rows + b.counted.rows },
    features: addFeatures(a.features, b.features),
    outputs: addStatistics(a.outputs, b.outputs),
    lastAt: a.lastAt > b.lastAt ? a.lastAt : b.lastAt,
  };
}

function addFeatures(a: FeatureCounts, b: FeatureCounts): FeatureCounts {
  const added = { ...a };
  for (const [name, other] of Object.entries(b)) {
    const own = added[name];
    added[name] = own === undefined ? other : addCounts(own, other);
  }
  return added;
}
