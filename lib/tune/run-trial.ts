/** Trains the declared model with some settings, without calibrating, exporting or publishing it. */
import type { Declaration } from '../config/declaration.ts';
import { NotEnoughMemoryError } from '../config/machine.ts';
import type { LogSummary } from '../table/fit/summary.ts';
import type { EpochRecord } from '../training/epochs/epoch-record.ts';
import { DivergedLossError } from '../training/fit.ts';
import { fitNetworks } from '../training/fit-model.ts';
import { stageRates } from '../training/held-out/stage-rates.ts';
import type { Fitting } from '../training/networks/fit-network.ts';
import type { CachedRows } from '../training/rows/cache-rows.ts';
import { isHopeless } from './median-rule.ts';
import type { Trial, TrialNetwork } from './trial.ts';

/** A log that was read and encoded once, for all trials. */
export interface EncodedLog extends Fitting {
  readonly summary: LogSummary;
  readonly rows: CachedRows;
}

/** Thrown out of a training that has no hope. */
class HopelessError extends Error {}

/** Trains with the settings that a declaration has. The trials before it decide whether it is worth its time. */
export async function runTrial(
  { rows, summary, ...fitting }: EncodedLog,
  { declaration, ...trial }: Pick<Trial, 'number' | 'settings'> & { readonly declaration: Declaration },
  before: readonly Trial[],
): Promise<Trial> {
  const began = performance.now();
  const networks: { name: string | null; epochs: EpochRecord[] }[] = [];
  const { opened, options } = fitting;
  const onEpoch = (epoch: EpochRecord, trainedRows: number, name: string | null) => {
    if (networks.at(-1)?.name !== name || networks.length === 0) networks.push({ name, epochs: [] });
    const epochs = networks.at(-1)?.epochs as EpochRecord[];
    epochs.push(epoch);
    options.onEpoch?.(epoch, trainedRows, name);
    if (isHopeless(epochs.map(lossOf), curvesOf(before, name))) throw new HopelessError();
  };
  const ended = (outcome: Trial['outcome'], why: string | null): Trial => {
    const measured = networks.map(measuredNetwork);
    const loss = outcome === 'failed' ? null : sum(measured.map(({ losses }) => Math.min(...losses)));
    const seconds = (performance.now() - began) / 1000;
    return { ...trial, outcome, why, loss, networks: measured, seconds };
  };
  try {
    const own = { ...opened, log: { ...opened.log, declaration } };
    await fitNetworks(
      { ...fitting, opened: own, options: { ...options, onEpoch } },
      { ...rows, rates: stageRates(summary) },
    );
    return ended('finished', null);
  } catch (error) {
    if (error instanceof HopelessError) return ended('stopped', null);
    if (error instanceof DivergedLossError || error instanceof NotEnoughMemoryError)
      return ended('failed', error.message);
    throw error;
  }
}

/** The losses by epoch of a network in the trials that were trained to their end. */
function curvesOf(trials: readonly Trial[], name: string | null): (readonly number[])[] {
  return trials
    .filter(({ outcome }) => outcome === 'finished')
    .flatMap(({ networks }) => networks.filter((network) => network.name === name).map(({ losses }) => losses));
}

function measuredNetwork({
  name,
  epochs,
}: {
  readonly name: string | null;
  readonly epochs: readonly EpochRecord[];
}): TrialNetwork {
  const losses = epochs.map(lossOf);
  const best = losses.indexOf(Math.min(...losses));
  const outputs = Object.entries(epochs[best]?.validationOutputs ?? {});
  return {
    name,
    bestEpoch: best + 1,
    losses,
    auc: Object.fromEntries(outputs.map(([output, { auc }]) => [output, auc])),
  };
}

function lossOf({ criterion }: EpochRecord): number {
  return criterion ?? Number.POSITIVE_INFINITY;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
