/** Interfaces that the protocol needs besides the store: the work on the rows, and the registry's current version. */

import type { Ranking } from '../../config/declaration.ts';
import type { ScoresFormat } from '../../contract/bucket.ts';
import type { Queue } from '../../queue/queue.ts';
import type { ConditionalWriter } from '../../store/conditional-put.ts';
import type { CandidatePlan } from '../../table/candidates/plan.ts';
import type { ScoreStatistics } from '../../table/candidates/score-statistics.ts';
import type { FeatureCounts, ValueShares } from '../../table/encode/value-counts.ts';
import type { FileVersion } from './keys.ts';
import type { Failure, ScoresManifest } from './records.ts';

/** A published version of a model. */
export interface ModelVersion {
  readonly name: string;
  readonly version: string;
}

/** The model version that new plans are made with, and what it declares of them. */
export interface CurrentModel extends ModelVersion {
  readonly limits: Limits;
  /** How the scores are ranked; `null` for not at all. */
  readonly ranking: Ranking | null;
  /** How the scores are written. @default parquet */
  readonly format?: ScoresFormat;
  /** Shares of missing and of unknown values that are usual for each feature. */
  readonly usual: Readonly<Record<string, ValueShares>>;
}

/** Shares above which a candidate file fails. */
export interface Limits {
  /** Of its rows: those that are bad. */
  readonly maxRejected: number;
  /** Of the values of each feature: those that the model does not know; `null` for no limit. */
  readonly maxUnknown: number | null;
  /** Of its scored rows: those without a value of a feature, for each feature; `null` for no limit. */
  readonly maxMissing: number | null;
}

/** A shard to score. */
export interface ShardRequest {
  readonly file: FileVersion;
  readonly plan: CandidatePlan;
  /** Index into the plan's shards. */
  readonly shard: number;
  readonly model: ModelVersion;
  /** A folder for this shard alone, removed once its files are stored. */
  readonly scratch: string;
}

/** A part to rank. */
export interface RankRequest {
  /** The version whose scores are ranked. */
  readonly model: ModelVersion;
  readonly ranking: Ranking;
  /** Keys of all parts of the file, in order. */
  readonly parts: readonly string[];
  /** Position of the part that is ranked. */
  readonly shard: number;
  /** A folder for the parts of this file alone. */
  readonly scratch: string;
}

/** The local file of a ranked part. */
export interface RankedPart {
  readonly path: string;
  /** Rows that are kept. */
  readonly rows: number;
}

/** The local files and the counts of a scored shard. */
export interface ScoredShard {
  readonly scoresPath: string;
  /** `null` where no row was rejected. */
  readonly rejectsPath: string | null;
  readonly rowsIn: number;
  readonly scored: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** Rows scored although the table of an entity lacks theirs, by entity; absent where no entity may be unknown. */
  readonly unknownEntities?: Readonly<Record<string, number>>;
  /** Missing and unknown values in the scored rows. */
  readonly features: FeatureCounts;
  /** Sums and histograms of the scores, by output. */
  readonly outputs?: ScoreStatistics;
  /** Scored rows that repeat the keys of another row of the shard. */
  readonly repeatedKeys: number;
}

/**
 * The work on the rows of candidate files. Each member throws `CandidateFileError` where the file can never be scored.
 */
export interface CandidateFiles {
  plan(file: FileVersion, model: ModelVersion): Promise<CandidatePlan>;
  /** Scores with the given model version, even if another has become current. */
  scoreShard(request: ShardRequest): Promise<ScoredShard>;
  /**
   * Ranks the rows of a part among those of all parts. Calls with one scratch folder, of which the first takes the
   * longest, are for one file; the next call may write to the path of the one before.
   */
  rankPart(request: RankRequest): Promise<RankedPart>;
}

/** The registry, as far as planning needs it. */
export interface Models {
  /** @throws where no version is current. */
  current(): Promise<CurrentModel>;
}

/** How a file ended: with scores, as failed, or because its key cannot have scores. */
export type FileEnd =
  | { readonly status: 'succeeded'; readonly manifest: ScoresManifest }
  | { readonly status: 'failed'; readonly failure: FileFailure };

/** Why there are no scores; a key that cannot have any has no `source` and no `details`. */
export type FileFailure = Pick<Failure, 'key' | 'versionId' | 'reason' | 'message' | 'failedAt'> &
  Partial<Pick<Failure, 'source' | 'details'>>;

/** What every step needs: the store, to which it writes under conditions, and a clock. */
export interface ScoringDependencies extends ConditionalWriter {
  readonly now: () => Date;
  /** What scoring costs; `null` where there is no charge for it. @default null */
  readonly price?: Price | null;
  /** Called when the end of a file is published: at least once for each, and again for a message that comes again. */
  readonly onEnded?: (end: FileEnd) => void;
}

/** What a second of scoring costs. */
export interface Price {
  readonly usdPerSecond: number;
  /** Of whom, where and when: `list prices of Lambda, us-east-1, 2026-11`. */
  readonly prices: string;
}

export interface PlanDependencies extends ScoringDependencies {
  readonly shards: Queue;
  readonly models: Models;
  readonly files: Pick<CandidateFiles, 'plan'>;
  /** Whether a person asked for the files by their names: then one of 0 bytes fails, and is not passed over. */
  readonly isNamed?: boolean;
  /**
   * With what a small file is scored and finished at once, without a message; `null` to send every shard, for drivers
   * that plan everything before they score.
   */
  readonly inOneGo: InOneGo | null;
}

export interface InOneGo extends Pick<ScoreDependencies, 'files' | 'scratch'> {
  /** Whether a shard that is begun now can be ended. */
  readonly hasTime: () => boolean;
}

export interface ScoreDependencies extends ScoringDependencies {
  readonly files: Pick<CandidateFiles, 'scoreShard' | 'rankPart'>;
  /** Existing folder for scratch files. */
  readonly scratch: string;
}

/** The part of a logger that the handlers use; powertools' `Logger` is one. */
export interface Logger {
  info(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}
