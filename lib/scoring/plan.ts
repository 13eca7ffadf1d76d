import { putConditionally } from './conditional-put.ts';
import { CandidateFileError, ScoringError } from './errors.ts';
import { conclude, type FileStatus, failFile, finishFile, shardsDone } from './finish.ts';
import {
  type Arrival,
  checkCandidateKey,
  compareVersions,
  type FileVersion,
  fileVersion,
  planKey,
  refusalKey,
} from './identity.ts';
import { shardMessageBody } from './messages.ts';
import type { PlanDependencies } from './ports.ts';
import { readPointer } from './publish.ts';
import { FORMAT_VERSION, isDecided, type Plan, readOutcome, readPlan, recordText } from './records.ts';
import { scoreOnlyShard } from './score.ts';

export type PlanResult =
  /** Not a candidate file. */
  | { readonly status: 'ignored'; readonly key: string }
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
 * Plans a file that has arrived, or obeys the plan that stands. A file of one shard is scored and finished in the same go
 * where the dependencies allow; else the scores of every shard without a receipt are asked for. May be run again, and by
 * several at once.
 */
export async function planFile(dependencies: PlanDependencies, arrival: Arrival): Promise<PlanResult> {
  const { store } = dependencies;
  const { key } = arrival;
  const check = checkCandidateKey(key);
  if (check.kind === 'ignored') return { status: 'ignored', key };
  if (check.kind === 'refused') return refuse(dependencies, arrival, check);

  const file = fileVersion(arrival);
  const { source } = file;
  const outcome = (await readOutcome(store, source))?.value;
  if (isDecided(outcome)) return { key, source, ...(await conclude(dependencies, outcome)) };
  const standing = await readPlan(store, source);
  // The pointer is at this version only after an outcome: where that is gone, the work has expired.
  if (standing === null && outcome === undefined && (await isOver(dependencies, file)))
    return { status: 'superseded', key, source };
  const plan = standing ?? (await makePlan(dependencies, file));
  if (plan instanceof CandidateFileError) return { key, source, ...(await failFile(dependencies, file, plan)) };
  const { inOneGo } = dependencies;
  return inOneGo !== null && plan.candidates.shards.length === 1
    ? { key, source, ...(await scoreOnlyShard({ ...dependencies, ...inOneGo }, plan)) }
    : sendShards(dependencies, plan);
}

/** Asks for the scores of every shard without a receipt; finishes the file where all have one. */
export async function sendShards(
  dependencies: Omit<PlanDependencies, 'files' | 'models' | 'inOneGo'>,
  plan: Plan,
): Promise<PlanResult> {
  const { source, key } = plan.file;
  const { rows, shards } = plan.candidates;
  const done = await shardsDone(dependencies.store, source);
  const missing = shards.filter(({ index }) => !done.has(index));
  if (missing.length === 0) return { key, source, ...(await finishFile(dependencies, plan)) };
  await dependencies.shards.send(missing.map(({ index }) => shardMessageBody({ source, shard: index })));
  return { status: 'planned', key, source, rows, shards: shards.length, sent: missing.length };
}

async function makePlan(dependencies: PlanDependencies, file: FileVersion): Promise<Plan | CandidateFileError> {
  const { store, models, files, now } = dependencies;
  const { maxRejected, name, version } = await models.current();
  const model = { name, version };
  try {
    const candidates = await files.plan(file, model);
    const plannedAt = now().toISOString();
    const plan: Plan = { formatVersion: FORMAT_VERSION, file, model, maxRejected, plannedAt, candidates };
    const key = planKey(file.source);
    if (await putConditionally(dependencies, { key, content: recordText(plan), expected: null })) return plan;
  } catch (error) {
    if (error instanceof CandidateFileError) return error;
    throw error;
  }
  const winner = await readPlan(store, file.source);
  if (winner === null) throw new ScoringError(`plan of ${file.key} is gone (in ${store.url})`);
  return winner;
}

async function isOver({ store }: PlanDependencies, file: FileVersion): Promise<boolean> {
  const pointer = await readPointer(store, file.key);
  if (pointer === null) return false;
  return pointer.value.file.source === file.source || compareVersions(pointer.value.file, file) > 0;
}

async function refuse(
  dependencies: PlanDependencies,
  { key, versionId }: Arrival,
  { reason, message }: { readonly reason: string; readonly message: string },
): Promise<PlanResult> {
  const refusal = refusalKey(key);
  if ((await dependencies.store.head(refusal)) === null) {
    const failedAt = dependencies.now().toISOString();
    const content = recordText({ formatVersion: FORMAT_VERSION, reason, message, key, versionId, failedAt });
    await putConditionally(dependencies, { key: refusal, content, expected: null });
  }
  return { status: 'refused', key, message };
}
