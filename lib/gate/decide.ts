/**
 * Decides whether a new version, the challenger, replaces the current version, the champion, by the scores that both
 * give to the same held-out rows. This file opens the champion and scores the rows with it; `judge` compares.
 */
import type { Declaration } from '../config/declaration.ts';
import type { FunnelMetrics } from '../evaluation/funnel.ts';
import { stageGraph } from '../model/stage-graph.ts';
import { type CurrentVersion, currentVersion } from '../registry/current.ts';
import type { ModelManifest } from '../registry/manifest.ts';
import { countUnhashed } from '../table/check/outcomes.ts';
import { encodeLog } from '../table/encode/encode.ts';
import { type FeatureCounts, ValueCounter } from '../table/encode/value-counts.ts';
import { unlearnedAtBest } from '../training/epochs/history-text.ts';
import { funnelTasks } from '../training/held-out/funnel-tasks.ts';
import type { HeldOut } from '../training/held-out/held-out.ts';
import { type MatureRows, pickRows } from '../training/held-out/mature-rows.ts';
import { type Probabilities, predictChunks } from '../training/held-out/predict.ts';
import { taskRates } from '../training/held-out/stage-rates.ts';
import type { OnProgress } from '../training/progress.ts';
import type { TrainedModel } from '../training/train.ts';
import { type ChampionPlace, type OpenedChampion, openChampion } from './champion.ts';
import { readDistributions, readFeatureFacts } from './feature-facts.ts';
import { proveUnread } from './gate-window.ts';
import { dataNotes } from './guards/data-notes.ts';
import { countedAlike, earlierDecisions } from './history.ts';
import type { GateInput } from './input.ts';
import { type GateFigures, type Judgement, judge, measureContender } from './judge.ts';
import { alarmNotes } from './monitoring-verdict.ts';
import { pinText, promotes, type Verdict } from './verdict.ts';

/** The challenger to decide on, and where the champion is. */
export interface GateOptions extends ChampionPlace {
  /** The new model, trained on the log by its declaration. Both models are judged on its held-out rows. */
  readonly challenger: Challenger;
  /** Time of the decision, at which the champion's age is taken. */
  readonly at: Date;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A trained model, whether or not it has been published. */
export interface Challenger {
  /** The held-out rows with the model's scores. */
  readonly heldOut: Omit<HeldOut, 'encoded' | 'uncalibrated'>;
  readonly mature: Pick<MatureRows, 'indices' | 'metrics'>;
  readonly trained: Pick<TrainedModel, 'folder' | 'counts' | 'summary' | 'networks'>;
  /** The manifest's section `data`, on the rows that the model was trained on; it may not be published yet. */
  readonly data: ModelManifest['data'];
}

/** The held-out rows that both models were compared on. */
export interface GateWindow {
  /** The log that the rows were read from, as the user gave it. */
  readonly source: string;
  /** First and last time of the held-out rows; `null` if the log has no time. */
  readonly time: { readonly from: string; readonly to: string } | null;
  /** The reason why neither model can have read the rows, as part of a sentence. */
  readonly because: string;
  /** Number of held-out rows that were left out, because some of their labels are not known yet. */
  readonly youngRows: number;
}

/** A verdict with its reasons and figures, the champion, and the rows that both models were compared on. */
export interface GateDecision extends Omit<Judgement, 'verdict'> {
  readonly verdict: Verdict;
  /** The current version at the time; `null` if there was none. */
  readonly champion: string | null;
  /** Etag of the `current.json` that named the champion: the promotion fails if it has changed since. */
  readonly championEtag: string | null;
  /** `null` if no rows could be compared. */
  readonly window: GateWindow | null;
}

/** The champion, as the report shows it beside the new version. */
export interface KnownChampion extends Pick<OpenedChampion, 'version' | 'data'> {
  /** Local folder with its files. */
  readonly folder: string;
  /** What it makes of the held-out rows; `null` if it was not compared with on them. */
  readonly compared: {
    readonly probabilities: Probabilities;
    /** Metrics on the rows whose labels are all known. */
    readonly metrics: FunnelMetrics;
  } | null;
}

/** A decision, and the champion that it was made against. */
export interface Decided {
  readonly decision: GateDecision;
  /** `null` if there is no current version, or it could not be opened. */
  readonly champion: KnownChampion | null;
}

/**
 * Decides whether a challenger becomes the current version. Nothing is written; `settle` puts the decision into effect.
 * If the champion cannot be opened, or may have read the held-out rows, the challenger is refused. An alarm of
 * monitoring is noted, and changes nothing.
 * @throws {Error} if the log cannot be read.
 */
export async function decide(options: GateOptions): Promise<Decided> {
  const { decision, champion } = await decideAlone(options);
  if (decision.champion === null) return { decision, champion };
  const notes = [...decision.figures.notes, ...(await alarmNotes(options.store, options.opened.log.declaration.name))];
  return { decision: { ...decision, figures: { ...decision.figures, notes } }, champion };
}

/** Decides by the scores alone. */
async function decideAlone(options: GateOptions): Promise<Decided> {
  const current = await currentVersion(options.store, options.opened.log.declaration.name);
  if (current === null) {
    const because = 'the new version has not read them, and no other is in use';
    const pointer = { champion: null, championEtag: null, because };
    const { decision } = await judgeRows(options, null, pointer);
    return { decision, champion: null };
  }
  const champion = await openChampion(options, current);
  if ('problem' in champion) return { decision: refusal(current, champion.problem), champion: null };
  const { version, data, model } = champion;
  const scored = await scoreByChampion(options, champion).finally(() => model.release());
  const known = { version, data, folder: model.folder, compared: null };
  if (scored.probabilities === null) return { decision: refusal(current, scored.because), champion: known };
  const { probabilities } = scored;
  const pointer = { champion: version, championEtag: current.etag, because: scored.because };
  const { decision, metrics } = await judgeRows(options, { ...champion, ...scored, probabilities }, pointer);
  return {
    decision: heldByPin(options.opened.log.declaration.name, decision, current),
    champion: { ...known, compared: metrics && { probabilities, metrics } },
  };
}

/** Holds a version that would be promoted where the current one is pinned. */
function heldByPin(name: string, decision: GateDecision, current: CurrentVersion): GateDecision {
  if (current.pin === undefined || !promotes(decision)) return decision;
  return { ...decision, verdict: 'held', reasons: [pinText(name, current), ...decision.reasons] };
}

/**
 * Returns the champion's scores of the held-out rows and the reason why it cannot have read them. If that is not
 * proven, the scores are `null` and the reason says why not.
 */
async function scoreByChampion(
  { opened: { database, log }, challenger, onProgress, signal }: GateOptions,
  { data, model }: OpenedChampion,
): Promise<{
  readonly because: string;
  readonly probabilities: Probabilities | null;
  readonly compared: FeatureCounts;
}> {
  const { isProven, because } = proveUnread(
    { declaration: model.declaration, data },
    { declaration: log.declaration, data: challenger.data },
    await countUnhashed(database, log),
  );
  if (!isProven) return { because, probabilities: null, compared: {} };
  const counter = new ValueCounter(model.encoder);
  const probabilities = await predictChunks(model, encodeLog(database, log, model.encoder, { parts: ['test'] }), {
    rows: challenger.heldOut.rows,
    phase: 'gate',
    onChunk: (chunk) => counter.add(chunk),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  return { because, probabilities, compared: counter.counts() };
}

/** The champion, with its scores and counts of the held-out rows. */
interface ScoredChampion extends OpenedChampion {
  readonly probabilities: Probabilities;
  readonly compared: FeatureCounts;
}

/** A decision, and the champion's metrics if it was compared with. */
interface Judged {
  readonly decision: GateDecision;
  readonly metrics: FunnelMetrics | null;
}

/** Judges the challenger by the held-out rows whose labels are all known. */
async function judgeRows(
  { challenger: { heldOut, mature, data, trained }, opened, store, at }: GateOptions,
  champion: ScoredChampion | null,
  { because, ...pointer }: Pick<GateDecision, 'champion' | 'championEtag'> & Pick<GateWindow, 'because'>,
): Promise<Judged> {
  const { declaration } = opened.log;
  const tasks = funnelTasks(declaration);
  const { indices } = mature;
  const group = heldOut.group ?? heldOut.day;
  const kind = declaration.log.group === null ? ('days' as const) : ('groups' as const);
  const rows = pickRows({ ...heldOut, group }, indices);
  const contender = (probabilities: Probabilities, { trainingRates, ...log }: ModelManifest['data']) => ({
    probabilities: pickRows({ ...heldOut, probabilities }, indices).probabilities,
    repeatedKeys: (log.repeatedKeys ?? 0) / Object.values(log.rows).reduce((sum, count) => sum + count, 0),
    stageRates: trainingRates,
    taskRates: taskRates(tasks, trainingRates),
  });
  const input: GateInput = {
    rules: declaration.gate,
    seed: declaration.training.seed,
    tasks,
    loss: lossStages(declaration),
    conversion: conversionStage(declaration, data),
    rows: { labels: rows.labels, weight: rows.weight, group: rows.group && { of: rows.group, kind } },
    challenger: {
      ...contender(heldOut.probabilities, data),
      features: { counts: trained.counts, distributions: (await readDistributions(trained.folder)) ?? {} },
      suspicious: trained.summary.suspicious,
    },
    champion: champion && {
      ...contender(champion.probabilities, champion.data),
      version: champion.version,
      ageMs: at.getTime() - champion.createdAt.getTime(),
      features: await readFeatureFacts(champion.model.folder),
      compared: champion.compared,
      alike: countedAlike(champion.model.declaration, declaration),
    },
    earlier: champion === null ? [] : await earlierDecisions(store, declaration.name, champion.version),
  };
  let ofChampion: FunnelMetrics | null = null;
  const judgement = judge(input, (contender) => {
    if (contender === input.challenger) return mature.metrics;
    ofChampion = measureContender(input, contender);
    return ofChampion;
  });
  const notes = [
    ...judgement.figures.notes,
    ...(champion === null ? [] : dataNotes(champion.data, data)),
    ...trained.networks.flatMap(unlearnedAtBest),
  ];
  const window: GateWindow = {
    source: data.source,
    time: data.time?.test ?? null,
    because,
    youngRows: heldOut.rows - indices.length,
  };
  const decision = { ...judgement, ...pointer, figures: { ...judgement.figures, notes }, window };
  return { decision, metrics: ofChampion };
}

/** Returns the refusal of a challenger without any comparison. */
function refusal({ version, etag }: CurrentVersion, reason: string): GateDecision {
  const figures: GateFigures = { rows: 0, conversions: 0, loss: null, guards: [], outputs: [], notes: [] };
  return { verdict: 'refused', reasons: [reason], figures, champion: version, championEtag: etag, window: null };
}

/**
 * Returns the labelled stages, each with its weight in the loss and the output that predicts reaching it from the root.
 */
function lossStages(declaration: Declaration) {
  const { root, labelled, outputs } = stageGraph(declaration);
  return labelled.map(({ name, weight }) => {
    const output = outputs.find(({ from, to }) => from === root && to === name)?.name;
    if (output === undefined) throw new Error(`model has no output for reaching ${name} from ${root}`);
    return { stage: name, output, weight };
  });
}

/**
 * Returns the stage whose positives the gate counts as conversions: the one with the role of the conversion or, without
 * roles or without labels of that stage, the labelled stage that the fewest rows reach.
 */
function conversionStage({ roles, root }: Declaration, { trainingRates }: ModelManifest['data']): string {
  if (roles !== null && Object.hasOwn(trainingRates, roles.conversion)) return roles.conversion;
  const [rarest] = Object.entries(trainingRates).toSorted(([, a], [, b]) => a - b);
  return rarest?.[0] ?? root;
}
