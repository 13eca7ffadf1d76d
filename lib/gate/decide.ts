/** The gate over real models: champion and challenger are judged by their scores of the same held-out rows. */
import type { Declaration } from '../config/declaration.ts';
import { stageGraph } from '../model/stage-graph.ts';
import { type CurrentVersion, currentVersion } from '../registry/current.ts';
import type { ModelManifest } from '../registry/manifest.ts';
import { countUnhashed } from '../table/check/outcomes.ts';
import { encodeLog } from '../table/encode/encode.ts';
import { funnelTasks, taskRates } from '../training/held-out/funnel-tasks.ts';
import type { HeldOut } from '../training/held-out/held-out.ts';
import { matureRows, pickRows } from '../training/held-out/mature-rows.ts';
import { type Probabilities, predictChunks } from '../training/held-out/predict.ts';
import type { OnProgress } from '../training/progress.ts';
import { type ChampionPlace, type OpenedChampion, openChampion } from './champion.ts';
import { proveUnread } from './gate-window.ts';
import { type GateFigures, type Judgement, judge } from './judge.ts';

export interface GateOptions extends ChampionPlace {
  /** The new model, which was trained by the log's declaration; it is judged by its held-out rows. */
  readonly challenger: Challenger;
  /** The present: the champion's age ends here. */
  readonly at: Date;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A trained model, published or not. */
export interface Challenger {
  readonly heldOut: Omit<HeldOut, 'encoded' | 'uncalibrated'>;
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

/** The version that was in use, as the report shows it beside the new one. */
export interface KnownChampion extends Pick<OpenedChampion, 'version' | 'data'> {
  /** Local folder with its files. */
  readonly folder: string;
  /** Its scores of the held-out rows; `null` where it may have read them. */
  readonly probabilities: Probabilities | null;
}

export interface Decided {
  readonly decision: GateDecision;
  /** `null` where no version is in use, or it could not be opened. */
  readonly champion: KnownChampion | null;
}

/**
 * Decides whether a challenger becomes the current version. Nothing is written: `settle` does.
 * @throws {Error} where the log cannot be read. A champion that cannot be read is a refusal.
 */
export async function decide(options: GateOptions): Promise<Decided> {
  const current = await currentVersion(options.store, options.opened.log.declaration.name);
  if (current === null) {
    const because = 'the new version has not read them, and no other is in use';
    return { decision: judgeRows(options, null, { champion: null, championEtag: null, because }), champion: null };
  }
  const champion = await openChampion(options, current);
  if ('problem' in champion) return { decision: refusal(current, champion.problem), champion: null };
  const { version, data, model } = champion;
  const scored = await scoreByChampion(options, champion).finally(() => model.release());
  const known: KnownChampion = { version, data, folder: model.folder, probabilities: scored.probabilities };
  if (scored.probabilities === null) return { decision: refusal(current, scored.because), champion: known };
  const pointer = { champion: version, championEtag: current.etag, because: scored.because };
  return {
    decision: judgeRows(options, { ...champion, probabilities: scored.probabilities }, pointer),
    champion: known,
  };
}

/** The champion's scores of the held-out rows, and why it cannot have read them; `null` where that is not proven. */
async function scoreByChampion(
  { opened: { database, log }, challenger, onProgress, signal }: GateOptions,
  { data, model }: OpenedChampion,
): Promise<{ readonly because: string; readonly probabilities: Probabilities | null }> {
  const { isProven, because } = proveUnread(
    { declaration: model.declaration, data },
    { declaration: log.declaration, data: challenger.data },
    await countUnhashed(database, log),
  );
  if (!isProven) return { because, probabilities: null };
  const probabilities = await predictChunks(model, encodeLog(database, log, model.encoder, { parts: ['test'] }), {
    rows: challenger.heldOut.rows,
    phase: 'gate',
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
  return { because, probabilities };
}

/** Judges by the held-out rows of which every label is known. */
function judgeRows(
  { challenger: { heldOut, data }, opened, at }: GateOptions,
  champion: (OpenedChampion & { readonly probabilities: Probabilities }) | null,
  { because, ...pointer }: Pick<GateDecision, 'champion' | 'championEtag'> & Pick<GateWindow, 'because'>,
): GateDecision {
  const { declaration } = opened.log;
  const tasks = funnelTasks(declaration);
  const mature = matureRows(heldOut.labels);
  const group = heldOut.group ?? heldOut.day;
  const kind = declaration.log.group === null ? ('days' as const) : ('groups' as const);
  const rows = pickRows({ ...heldOut, group }, mature);
  const contender = (probabilities: Probabilities, { trainingRates }: ModelManifest['data']) => ({
    probabilities: pickRows({ ...heldOut, probabilities }, mature).probabilities,
    stageRates: trainingRates,
    taskRates: taskRates(tasks, trainingRates),
  });
  const judgement = judge({
    rules: declaration.gate,
    seed: declaration.training.seed,
    tasks,
    loss: lossStages(declaration),
    conversion: conversionStage(declaration, data),
    rows: { labels: rows.labels, weight: rows.weight, group: rows.group && { of: rows.group, kind } },
    challenger: { ...contender(heldOut.probabilities, data), unknownShares: heldOut.unknownShares },
    champion: champion && {
      ...contender(champion.probabilities, champion.data),
      version: champion.version,
      ageMs: at.getTime() - champion.createdAt.getTime(),
    },
  });
  const window: GateWindow = {
    source: data.source,
    time: data.time?.test ?? null,
    because,
    youngRows: heldOut.rows - mature.length,
  };
  return { ...judgement, ...pointer, window };
}

function refusal({ version, etag }: CurrentVersion, reason: string): GateDecision {
  const figures: GateFigures = { rows: 0, conversions: 0, loss: null, guards: [], outputs: [] };
  return { verdict: 'refused', reasons: [reason], figures, champion: version, championEtag: etag, window: null };
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
function conversionStage({ roles, root }: Declaration, { trainingRates }: ModelManifest['data']): string {
  if (roles !== null && Object.hasOwn(trainingRates, roles.conversion)) return roles.conversion;
  const [rarest] = Object.entries(trainingRates).toSorted(([, a], [, b]) => a - b);
  return rarest?.[0] ?? root;
}
