/** The gate over real models: champion and challenger score the same held-out rows, each with its own encoder. */
import { join } from 'node:path';
import type { Declaration } from '../config/declaration.ts';
import { DeclarationError } from '../config/declaration-error.ts';
import { openScoringModel } from '../engine/ort/scoring-model.ts';
import { stageGraph } from '../model/stage-graph.ts';
import { fetchModel, openEncoder } from '../predictor/open-model.ts';
import { type CurrentVersion, currentVersion, promoteVersion } from '../registry/current.ts';
import { type Decision, recordDecision } from '../registry/decisions.ts';
import { ModelCorruptedError, VersionNotFoundError } from '../registry/errors.ts';
import type { ModelManifest } from '../registry/manifest.ts';
import { readManifest } from '../registry/versions.ts';
import { InvalidRecordError } from '../store/records.ts';
import { PreconditionFailedError, type Store } from '../store/store.ts';
import { checkLogColumns } from '../table/check/check-columns.ts';
import type { CheckedLog } from '../table/check/log.ts';
import { countUnhashed } from '../table/check/outcomes.ts';
import type { Database } from '../table/database.ts';
import type { Encoder } from '../table/encode/encoder.ts';
import { DataError, firstLine } from '../table/errors.ts';
import { readEncoder } from '../table/fit/encoder-files.ts';
import { funnelTasks, type ScoredRows, scoreRows, taskRates } from '../training/evaluate-model.ts';
import { matureRows, pickRows } from '../training/mature-rows.ts';
import type { OnProgress } from '../training/progress.ts';
import { UnknownIds } from '../training/unknown-ids.ts';
import { proveUnread } from './gate-window.ts';
import { type Champion, type Contender, type GateFigures, type Judgement, judge } from './judge.ts';

export interface GateOptions {
  readonly store: Store;
  readonly challenger: Challenger;
  readonly database: Database;
  /** The log that the challenger was trained on, by its declaration: its test rows are the gate's. */
  readonly log: CheckedLog;
  /** Folder for the champion's files; the caller removes it. */
  readonly scratch: string;
  readonly threads: number;
  /** The present: the champion's age ends here. */
  readonly at: Date;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A trained model, published or not. */
export interface Challenger {
  /** Local folder with the files of a model version. */
  readonly folder: string;
  readonly declaration: Declaration;
  /** What its manifest says, or will say, of the rows. */
  readonly data: ModelManifest['data'];
}

/** The rows that the gate compared on. */
export interface GateWindow {
  readonly source: string;
  readonly time: { readonly from: string; readonly to: string } | null;
  /** Why neither model has read them. */
  readonly because: string;
  /** Held-out rows that were left out, for not all of their labels are settled. */
  readonly youngRows: number;
}

/** What was decided, on which grounds, and against whom. */
export interface GateDecision extends Judgement {
  /** Version that was in use; `null` for none. */
  readonly champion: string | null;
  /** Etag of the `current.json` that named it, for promoting only while it still does. */
  readonly championEtag: string | null;
  /** `null` where there was nothing to compare on. */
  readonly window: GateWindow | null;
}

export interface Decided {
  readonly decision: GateDecision;
  /** The current version as it was opened to compare with; `null` where there is none, or it could not be opened. */
  readonly champion: OpenedChampion | null;
}

/**
 * Decides whether a challenger becomes the current version. Nothing is written: `settle` does.
 * @throws {Error} where the challenger or the log cannot be read. A champion that cannot be read is a refusal.
 */
export async function decide(options: GateOptions): Promise<Decided> {
  const { store, challenger, database, log } = options;
  const current = await currentVersion(store, challenger.declaration.name);
  const opened = current && (await openChampion(options, current));
  if (opened !== null && 'problem' in opened) return { decision: refusal(current, opened.problem), champion: null };
  const proof = opened && proveUnread(opened, challenger, await unhashedRows(database, log));
  if (proof !== null && !proof.isProven) return { decision: refusal(current, proof.because), champion: opened };
  const scored = await scoreWindow(options, opened);
  const judgement = judge({
    rules: challenger.declaration.gate,
    seed: challenger.declaration.training.seed,
    tasks: funnelTasks(challenger.declaration),
    loss: lossStages(challenger.declaration),
    conversion: conversionStage(challenger),
    ...scored.input,
  });
  const window: GateWindow = {
    source: challenger.data.source,
    time: challenger.data.time?.test ?? null,
    because: proof?.because ?? 'the new version has not read them, and no other is in use',
    youngRows: scored.youngRows,
  };
  const pointer = { champion: current?.version ?? null, championEtag: current?.etag ?? null };
  return { decision: { ...judgement, ...pointer, window }, champion: opened };
}

export interface SettledVersion {
  readonly name: string;
  readonly version: string;
  readonly at: Date;
  /** Of the lease that the version was trained under, if under any. */
  readonly trainingEpoch?: number;
}

/**
 * Writes a decision on a published version into the history, and makes the version the current one where that was
 * decided. Answers what became of it: a promotion that came in between turns it into a refusal.
 */
export async function settle(
  store: Store,
  { name, version, at, trainingEpoch }: SettledVersion,
  decision: GateDecision,
): Promise<GateDecision> {
  // First the record: a promotion that nobody can explain is worse than an explanation that came to nothing.
  await recordDecision(store, name, recordOf(decision, version, at));
  if (decision.verdict === 'refused') return decision;
  try {
    const reason = `gate: ${decision.reasons.join('; ')}`;
    await promoteVersion(store, name, version, {
      expected: decision.championEtag,
      reason,
      at,
      ...(trainingEpoch === undefined ? {} : { trainingEpoch }),
    });
    return decision;
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
    // Whoever was ended after that, and started again, settles a second time.
    if ((await currentVersion(store, name))?.version === version) return decision;
    const was = decision.champion === null ? 'no version was in use' : `${decision.champion} was the current version`;
    const reason = `another version was promoted in the meantime: ${was} when they were compared`;
    const late: GateDecision = { ...decision, verdict: 'refused', reasons: [reason] };
    await recordDecision(store, name, recordOf(late, version, at));
    return late;
  }
}

function recordOf({ verdict, reasons, champion, window, figures }: GateDecision, version: string, at: Date): Decision {
  return {
    version,
    decidedAt: at.toISOString(),
    by: 'gate',
    verdict,
    forced: false,
    champion,
    reasons,
    // A plain object, by way of the JSON that it becomes.
    figures: JSON.parse(JSON.stringify({ window, ...figures })) as Decision['figures'],
  };
}

function refusal(current: CurrentVersion | null, reason: string): GateDecision {
  const figures: GateFigures = { rows: 0, conversions: 0, loss: null, guards: [], outputs: [] };
  return {
    verdict: 'refused',
    reasons: [reason],
    figures,
    champion: current?.version ?? null,
    championEtag: current?.etag ?? null,
    window: null,
  };
}

/** A model that can score the log. */
export interface Opened {
  readonly folder: string;
  readonly data: ModelManifest['data'];
  readonly encoder: Encoder;
}

export interface OpenedChampion extends Opened {
  readonly version: string;
  readonly declaration: Declaration;
  readonly ageMs: number;
}

/** The champion's files; a sentence where they cannot be had, or the log lacks what they need. */
async function openChampion(
  { store, database, log, scratch, at }: GateOptions,
  { version }: CurrentVersion,
): Promise<OpenedChampion | { readonly problem: string }> {
  const { name } = log.declaration;
  try {
    const { createdAt, data } = await readManifest(store, name, version);
    const files = await fetchModel(store, { name, version }, join(scratch, 'champion'));
    checkLogColumns(log.source.relation, { ...log.declaration, features: files.declaration.features });
    // Its files are those that were published: whatever is wrong with them, this release does not understand them.
    const { encoder } = await openEncoder(database, files).catch((cause: unknown) => {
      throw new ModelCorruptedError(firstLine(cause), { cause });
    });
    return { ...files, version, data, encoder, ageMs: at.getTime() - Date.parse(createdAt) };
  } catch (error) {
    if (!CHAMPION_ERRORS.some((type) => error instanceof type)) throw error;
    return { problem: `the current version ${version} cannot be compared with: ${(error as Error).message}` };
  }
}

const CHAMPION_ERRORS = [ModelCorruptedError, VersionNotFoundError, InvalidRecordError, DeclarationError, DataError];

async function unhashedRows(database: Database, log: CheckedLog): Promise<number> {
  const { split } = log.declaration;
  return split.by === 'hash' ? countUnhashed(database, log) : 0;
}

async function scoreWindow(options: GateOptions, champion: OpenedChampion | null) {
  const { challenger, database } = options;
  const own = await scoreBy(options, {
    ...challenger,
    encoder: await readEncoder(database, challenger.folder),
  });
  const other = champion && (await scoreBy(options, champion));
  const mature = matureRows(own.rows.labels);
  const { labels, weight, group } = pickRows({ ...own.rows, group: own.rows.group ?? own.rows.day }, mature);
  const kind = challenger.declaration.log.group === null ? ('days' as const) : ('groups' as const);
  const contender = ({ rows, ...rest }: Scored): Contender => ({
    ...rest,
    probabilities: pickRows(rows, mature).probabilities,
  });
  return {
    youngRows: (Object.values(own.rows.labels)[0]?.length ?? 0) - mature.length,
    input: {
      rows: { labels, weight, group: group && { of: group, kind } },
      challenger: contender(own),
      champion:
        champion &&
        other &&
        ({ ...contender(other), version: champion.version, ageMs: champion.ageMs } satisfies Champion),
    },
  };
}

interface Scored extends Omit<Contender, 'probabilities'> {
  readonly rows: ScoredRows;
}

/** Scores the test rows with a model's own encoder; labels and parts are those of the log's declaration. */
async function scoreBy(
  { challenger, database, log, threads, onProgress, signal }: GateOptions,
  { folder, data, encoder }: Opened,
): Promise<Scored> {
  const model = await openScoringModel(folder, { threads });
  const unknown = new UnknownIds(encoder);
  try {
    const rows = await scoreRows({
      database,
      log,
      encoder,
      model,
      parts: ['test'],
      rows: challenger.data.rows.test,
      onChunk: (chunk) => unknown.add(chunk),
      ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, phase: 'gate' }) }),
      ...(signal && { signal }),
    });
    const rates = data.trainingRates;
    return {
      rows,
      stageRates: rates,
      taskRates: taskRates(funnelTasks(challenger.declaration), rates),
      unknownShares: unknown.shares(),
    };
  } finally {
    await model.release();
  }
}

function lossStages(declaration: Declaration) {
  const { root, labelled, outputs } = stageGraph(declaration);
  return labelled.map(({ name, weight }) => {
    const output = outputs.find(({ from, to }) => from === root && to === name)?.name;
    if (output === undefined) throw new Error(`model has no output for reaching ${name} from ${root}`);
    return { stage: name, output, weight };
  });
}

/** The conversion by role; without roles, or labels of it, the rarest labelled stage. */
function conversionStage({ declaration, data: { trainingRates } }: Challenger): string {
  const byRole = declaration.roles?.conversion;
  if (byRole !== undefined && Object.hasOwn(trainingRates, byRole)) return byRole;
  const [rarest] = Object.entries(trainingRates).toSorted(([, a], [, b]) => a - b);
  return rarest?.[0] ?? declaration.root;
}
