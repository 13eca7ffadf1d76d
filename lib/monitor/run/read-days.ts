/** Reads a log and the scores of a bucket, and makes the records of their days. */
import type { Declaration } from '../../config/declaration.ts';
import type { Store } from '../../store/store.ts';
import { addStatistics, type ScoreStatistics } from '../../table/candidates/score-statistics.ts';
import { labelledStages } from '../../table/check/labels.ts';
import { checkLog } from '../../table/check/log.ts';
import { requiredValue } from '../../table/check/required-columns.ts';
import { type Database, type DatabaseOptions, execute, openDatabase, withCleanup } from '../../table/database.ts';
import { addJoined } from '../../table/monitor/add-sums.ts';
import { countScores, joinDay } from '../../table/monitor/join.ts';
import { type OutcomeDay, type OutcomeDays, writeOutcomeDays } from '../../table/monitor/outcome-days.ts';
import { openScoredFiles } from '../../table/monitor/scored-files.ts';
import type { MeasuredOutput } from '../../table/monitor/sum-queries.ts';
import type { JoinedSums, ScoreCounts } from '../../table/monitor/sums.ts';
import { openSource } from '../../table/source/source.ts';
import type { DayRecord, VersionDay } from '../history.ts';
import { outcomeNotes, rejectNotes } from './log-notes.ts';
import { LocalScores, type ManifestOfDay } from './scored-files.ts';

const DAY_MS = 86_400_000;

/**
 * Node.js runs statements in several threads, each of which would keep what its last large one has freed, until it runs
 * another one.
 */
const GIVE_BACK_MEMORY = 'SET GLOBAL allocator_background_threads = true';

export interface ReadDaysOptions extends DatabaseOptions {
  readonly store: Store;
  readonly declaration: Declaration;
  readonly tasks: readonly MeasuredOutput[];
  readonly manifests: readonly ManifestOfDay[];
  /** The log with the outcomes; `null` where there is none yet. */
  readonly dataPath: string | readonly string[] | null;
  readonly cwd?: string;
  readonly now: Date;
  readonly onDay?: (day: string | null, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The days of a log and of the scores. */
export interface ReadDays {
  readonly days: readonly DayRecord[];
  /** First day of the log; `null` for one without a time, and without a log. */
  readonly from: string | null;
  /** As `PreparedLog.end`. */
  readonly end: number | null;
  /** What a user should know of log and scores, a sentence each. */
  readonly notes: readonly string[];
}

type ByDay<Value> = Map<string, Map<string, Value>>;

/**
 * Joins the log with the scores, day by day.
 * @throws {DataError} as `openSource` and `checkLog`, and where scores lack a key.
 */
export async function readDays(options: ReadDaysOptions): Promise<ReadDays> {
  const { dataPath, manifests } = options;
  if (dataPath === null)
    return {
      days: dayRecords(manifests, { joined: new Map(), counts: new Map(), outcomes: [] }),
      from: null,
      end: null,
      notes: [],
    };
  const database = await openDatabase(options);
  return withCleanup(
    async () => {
      await execute(database, GIVE_BACK_MEMORY);
      return readLog(database, { ...options, dataPath });
    },
    () => database.close(),
  );
}

async function readLog(
  database: Database,
  options: ReadDaysOptions & { readonly dataPath: string | readonly string[] },
): Promise<ReadDays> {
  const { declaration, tasks, dataPath, cwd, now, manifests, store, onDay, signal } = options;
  const asked = asMonitored(declaration);
  const source = await openSource(database, dataPath, { ...(cwd && { cwd }), csv: declaration.csv });
  for (const { label } of labelledStages(asked)) requiredValue(source.relation, label);
  const log = await checkLog(database, source, asked, { now: now.getTime(), isComplete: false });
  const outcomes = await writeOutcomeDays(database, log);
  const outputs = tasks.map(({ output }) => output);
  const scores = new LocalScores(store, database, { declaration, outputs });
  const joined: ByDay<JoinedSums> = new Map();
  const counts: ByDay<ScoreCounts> = new Map();
  const unscored: { day: string | null; rows: number; unscored: number; repeated: number }[] = [];
  for (const [index, day] of outcomes.days.entries()) {
    signal?.throwIfAborted();
    const found = await joinOutcomes(database, day, { options, outcomes, scores });
    unscored.push({ day: day.day, rows: day.rows, unscored: found.unscored, repeated: found.repeated });
    for (const [scoringDay, versions] of found.sums)
      for (const [version, sums] of versions) {
        const before = joined.get(scoringDay)?.get(version);
        put(joined, scoringDay, version, before === undefined ? sums : addJoined(before, sums));
      }
    onDay?.(day.day, index + 1, outcomes.days.length);
  }
  for (const day of new Set(manifests.map((manifest) => manifest.day))) {
    signal?.throwIfAborted();
    for (const [version, count] of await countDay(database, day, { options, outcomes, scores }))
      put(counts, day, version, count);
  }
  const total = (name: 'rows' | 'unscored' | 'repeated') => unscored.reduce((sum, { [name]: value }) => sum + value, 0);
  const found = { rows: total('rows'), unscored: total('unscored'), repeated: total('repeated') };
  return {
    days: dayRecords(manifests, { joined, counts, outcomes: unscored }),
    from: outcomes.days.find(({ day }) => day !== null)?.day ?? null,
    end: outcomes.end,
    notes: [
      ...source.notes,
      ...rejectNotes(log, found.rows, source.relation.name),
      ...outcomeNotes(found),
      ...(scores.gone.size === 0 ? [] : [`the scores of ${scores.gone.size} files are not there any more`]),
    ],
  };
}

/**
 * Returns what is read of a log: keys, times, labels and what is summed. What a model learns from is not, and there is one
 * part alone: for the shares of a split by time the times of all rows would be sorted.
 */
function asMonitored(declaration: Declaration): Declaration {
  const { split } = declaration;
  const none = { share: 0 };
  return {
    ...declaration,
    features: [],
    split: split.by === 'time' ? { ...split, validation: none, test: none } : split,
  };
}

interface Reading {
  readonly options: ReadDaysOptions;
  readonly outcomes: OutcomeDays;
  readonly scores: LocalScores;
}

/** Joins the outcomes of a day with the scores that may count for them. */
async function joinOutcomes(database: Database, day: OutcomeDay, { options, outcomes, scores }: Reading) {
  const { declaration, tasks, manifests } = options;
  const within = declaration.monitoring.matchesWithinMs;
  const begin = day.day === null ? null : Date.parse(day.day);
  const wanted = manifests.filter(({ at }) => begin === null || (at > begin - within && at < begin + DAY_MS));
  const outputs = tasks.map(({ output }) => output);
  const opened = await openScoredFiles(database, await scores.open(wanted), outputs);
  return withCleanup(
    () => joinDay(database, day, opened, { declaration, tasks, end: outcomes.end }),
    () => execute(database, `DROP TABLE ${opened.files}`),
  );
}

/** Counts the scores of a day, and those whose keys have an outcome while it would count. */
async function countDay(database: Database, day: string, { options, outcomes, scores }: Reading) {
  const { declaration, manifests } = options;
  const from = Date.parse(day);
  const until = from + DAY_MS + declaration.monitoring.matchesWithinMs;
  const near = outcomes.days.filter(
    (one) => one.day === null || (Date.parse(one.day) >= from && Date.parse(one.day) < until),
  );
  // Scores of a time of which the log has nothing are neither matched nor without an outcome.
  if (near.length === 0) return new Map<string, ScoreCounts>();
  const files = await scores.open(manifests.filter((manifest) => manifest.day === day));
  const opened = await openScoredFiles(database, files, []);
  return withCleanup(
    () => countScores(database, opened, near),
    () => execute(database, `DROP TABLE ${opened.files}`),
  );
}

interface Found {
  readonly joined: ByDay<JoinedSums>;
  readonly counts: ByDay<ScoreCounts>;
  readonly outcomes: readonly { readonly day: string | null; readonly rows: number; readonly unscored: number }[];
}

function dayRecords(manifests: readonly ManifestOfDay[], { joined, counts, outcomes }: Found): DayRecord[] {
  const days = new Set([...manifests.map(({ day }) => day), ...outcomes.flatMap(({ day }) => day ?? [])]);
  return [...days].sort().map((day) => {
    const own = manifests.filter((manifest) => manifest.day === day);
    const versions = [...new Set(own.map(({ manifest }) => manifest.model.version))].sort();
    const ofDay = outcomes.find((one) => one.day === day);
    return {
      day,
      outcomes: ofDay === undefined ? null : { rows: ofDay.rows, unscored: ofDay.unscored },
      versions: Object.fromEntries(
        versions.map((version) => {
          const files = own
            .filter(({ manifest }) => manifest.model.version === version)
            .map(({ manifest }) => manifest);
          const found = {
            counts: counts.get(day)?.get(version) ?? null,
            joined: joined.get(day)?.get(version) ?? null,
          };
          return [version, { ...versionDay(files), ...found }];
        }),
      ),
    };
  });
}

/** Adds up the manifests of a day and a version. */
function versionDay(files: readonly ManifestOfDay['manifest'][]): Omit<VersionDay, 'counts' | 'joined'> {
  const sum = (of: (manifest: ManifestOfDay['manifest']) => number) =>
    files.reduce((total, file) => total + of(file), 0);
  const features: Record<string, VersionDay['features'][string]> = {};
  for (const file of files)
    for (const [name, counts] of Object.entries(file.features)) {
      const before = features[name];
      features[name] = {
        rows: counts.rows + (before?.rows ?? 0),
        missing: counts.missing + (before?.missing ?? 0),
        values: counts.values + (before?.values ?? 0),
        unknown: counts.unknown === null ? null : counts.unknown + (before?.unknown ?? 0),
        usual: counts.usual,
      };
    }
  const outputs = files.map((file) => file.outputs ?? null);
  const counted = outputs.filter((one) => one !== null);
  return {
    files: files.length,
    rowsIn: sum(({ rowsIn }) => rowsIn),
    scored: sum(({ scored }) => scored),
    rejected: sum(({ rejected }) => rejected),
    seconds: sum(({ seconds }) => seconds),
    lastAt:
      files
        .map(({ finishedAt }) => finishedAt)
        .sort()
        .at(-1) ?? '',
    features,
    outputs:
      counted.length < outputs.length ? null : counted.reduce((a: ScoreStatistics, b) => addStatistics(a, b), {}),
  };
}

function put<Value>(days: ByDay<Value>, day: string, version: string, value: Value): void {
  const versions = days.get(day) ?? new Map<string, Value>();
  days.set(day, versions.set(version, value));
}
