import { planKey } from '../../contract/bucket.ts';
import { ONE_GO_ROWS } from '../../contract/limits.ts';
import { putConditionally } from '../../store/conditional-put.ts';
import { recordText, type Stored } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { LeftOutReason } from '../../table/source/left-out.ts';
import { CandidateFileError, ScoringError } from '../errors.ts';
import { conclude, type FileStatus, failFile, finishFile, shardsDone } from './finish.ts';
import { type Arrival, checkCandidateKey, compareVersions, type FileVersion, fileVersion, refusalKey } from './keys.ts';
import { shardMessageBody } from './messages.ts';
import type { PlanDependencies } from './ports.ts';
import { readPointer } from './publish.ts';
import { FORMAT_VERSION, isDecided, type Plan, type Pointer, readOutcome, readPlan } from './records.ts';
import { scoreOnlyShard } from './score.ts';

export type PlanResult =
  /** Not a candidate file, for that reason; `null` for the key of another folder. */
  | { readonly status: 'ignored'; readonly key: string; readonly reason: LeftOutReason | null }
  /** A key that cannot have scores; `failed/` says why. */
  | { readonly status: 'refused'; readonly key: string; readonly message: string }
  /** This version, or a newer one of the same key, ended before. */
  | { readonly status: 'superseded'; readonly key: string; readonly source: string }
  | {
      readonly status: 'planned';
      readonly key: string;
      readonly source: string;
      readonly rows: number;
      readonly shards: number;
      /** Shards that had no receipt yet. */
      readonly sent: number;
    }
  | (FileStatus & { readonly key: string; readonly source: string });

/**
 * Plans a file that has arrived, or follows the plan that exists already. A small file that was planned just now is
 * also scored and finished here, if the dependencies allow it and enough time remains. For every other file, a message
 * is sent for each shard without a receipt; so a file whose planner died is scored apart from the other files of its
 * batch. May be run again, and by several processes at once.
 */
export async function planFile(dependencies: PlanDependencies, arrival: Arrival): Promise<PlanResult> {
  const { store } = dependencies;
  const { key } = arrival;
  const check = checkCandidateKey(key);
  if (check.kind === 'ignored') return { status: 'ignored', key, reason: check.reason };
  if (check.kind === 'refused') return refuse(dependencies, arrival, check);

  const file = fileVersion(arrival);
  const { source } = file;
  const standing = await readPlan(store, source);
  const pointer = await readPointer(store, key);
  // Without a plan and a pointer there is almost never an outcome, and deciding would find it, so a request is saved.
  const outcome = standing === null && pointer === null ? undefined : (await readOutcome(store, source))?.value;
  if (isDecided(outcome)) return { key, source, ...(await conclude(dependencies, outcome, pointer)) };
  if (standing !== null) return sendShards(dependencies, standing);
  // The pointer is at this version only after an outcome: where that is gone, the work has expired.
  if (outcome === undefined && isOver(pointer, file)) return { status: 'superseded', key, source };
  const made = await makePlan(dependencies, file);
  if (!(made instanceof CandidateFileError)) return beginPlan(dependencies, made, pointer);
  if (made.reason === 'empty_file' && !dependencies.isNamed && (await hasNoBytes(store, file)))
    return { status: 'ignored', key, reason: 'empty' };
  return { key, source, ...(await failFile(dependencies, file, made, pointer)) };
}

/** Whether a file has 0 bytes: its writer has created it, and will replace it by a version with rows. */
async function hasNoBytes(store: Store, { key, versionId }: FileVersion): Promise<boolean> {
  return (await store.head(key, versionId))?.size === 0;
}

/**
 * Continues after the plan was written: scores a small file that was planned here, or sends messages for the shards.
 */
async function beginPlan(
  dependencies: PlanDependencies,
  { plan, isOwn }: MadePlan,
  pointer: Stored<Pointer> | null,
): Promise<PlanResult> {
  const { inOneGo } = dependencies;
  const { source, key } = plan.file;
  const { rows, shards } = plan.candidates;
  if (!isOwn) return sendShards(dependencies, plan);
  if (inOneGo === null || shards.length !== 1 || rows > ONE_GO_ROWS || !inOneGo.hasTime())
    return sendShards(dependencies, plan, new Set());
  return { key, source, ...(await scoreOnlyShard({ ...dependencies, ...inOneGo }, plan, pointer)) };
}

/**
 * Asks for the scores of every shard that is not known to be done; finishes the file where all are, or asks for that if
 * its scores are to be ranked.
 */
export async function sendShards(
  dependencies: Omit<PlanDependencies, 'files' | 'models' | 'inOneGo'>,
  plan: Plan,
  known?: ReadonlySet<number>,
): Promise<PlanResult> {
  const { source, key } = plan.file;
  const { rows, shards } = plan.candidates;
  const done = known ?? (await shardsDone(dependencies.store, source));
  const undone = shards.filter(({ index }) => !done.has(index));
  // A scorer ranks: the one that gets the message of a shard which is done finishes the file.
  const missing = undone.length === 0 && plan.ranking !== undefined ? shards.slice(-1) : undone;
  if (missing.length === 0) return { key, source, ...(await finishFile(dependencies, plan)) };
  await dependencies.shards.send(missing.map(({ index }) => shardMessageBody({ source, shard: index })));
  return { status: 'planned', key, source, rows, shards: shards.length, sent: missing.length };
}

interface MadePlan {
  readonly plan: Plan;
  /** Whether it was made here, or by another planner at the same time. */
  readonly isOwn: boolean;
}

async function makePlan(dependencies: PlanDependencies, file: FileVersion): Promise<MadePlan | CandidateFileError> {
  const { store, models, files, now } = dependencies;
  const { name, version, limits, usual, ranking, format = 'parquet' } = await models.current();
  const model = { name, version };
  try {
    const candidates = await files.plan(file, model);
    const plannedAt = now().toISOString();
    const plan: Plan = {
      formatVersion: FORMAT_VERSION,
      file,
      model,
      limits,
      usual,
      ...(ranking !== null && { ranking }),
      ...(format !== 'parquet' && { format }),
      plannedAt,
      candidates,
    };
    const key = planKey(file.source);
    if (await putConditionally(dependencies, { key, content: recordText(plan), expected: null }))
      return { plan, isOwn: true };
  } catch (error) {
    if (error instanceof CandidateFileError) return error;
    throw error;
  }
  const winner = await readPlan(store, file.source);
  if (winner === null) throw new ScoringError(`plan of ${file.key} is gone (in ${store.url})`);
  return { plan: winner, isOwn: false };
}

function isOver(pointer: Stored<Pointer> | null, file: FileVersion): boolean {
  if (pointer === null) return false;
  return pointer.value.file.source === file.source || compareVersions(pointer.value.file, file) > 0;
}

async function refuse(
  dependencies: PlanDependencies,
  { key, versionId }: Arrival,
  { reason, message }: { readonly reason: string; readonly message: string },
): Promise<PlanResult> {
  const refusal = refusalKey(key);
  const failure = { reason, message, key, versionId, failedAt: dependencies.now().toISOString() };
  if ((await dependencies.store.head(refusal)) === null) {
    const content = recordText({ formatVersion: FORMAT_VERSION, ...failure });
    await putConditionally(dependencies, { key: refusal, content, expected: null });
  }
  dependencies.onEnded?.({ status: 'failed', failure });
  return { status: 'refused', key, message };
}
