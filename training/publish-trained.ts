import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Declaration } from '../lib/config/declaration.ts';
import type { EngineName } from '../lib/config/engines.ts';
import { engineVersions } from '../lib/engine/create-engine.ts';
import type { CalibrationFacts } from '../lib/evaluation/calibration/calibration-text.ts';
import type { ManifestFacts } from '../lib/registry/manifest.ts';
import { publishVersion } from '../lib/registry/publish.ts';
import type { Store } from '../lib/store/store.ts';
import { PARTS } from '../lib/table/encoded.ts';
import type { TimeRange } from '../lib/table/fit/parts.ts';
import { type LogSummary, toldOf } from '../lib/table/fit/summary.ts';
import { stageRates } from '../lib/training/held-out/stage-rates.ts';
import type { TrainedModel } from '../lib/training/train.ts';
import { digestFile } from '../lib/workers/file-digest.ts';

/** Publishes a trained model's folder as a new version of the declaration's model, and returns its id. */
export async function publishTrained(
  store: Store,
  declaration: Declaration,
  trained: TrainedModel,
  { threads, at }: { readonly threads: number; readonly at: Date },
): Promise<string> {
  const probe = await digestFile(join(trained.folder, 'probe.json'));
  const metrics = JSON.parse(await readFile(join(trained.folder, 'metrics.json'), 'utf8')) as ManifestFacts['metrics'];
  const facts: ManifestFacts = {
    libraries: libraryVersions(declaration.training.engine),
    data: dataFacts(trained.summary),
    metrics,
    encoderProbeSha256: probe.sha256,
    training: {
      engine: declaration.training.engine,
      seed: declaration.training.seed,
      ...epochFacts(trained),
      ...(!trained.isCalibrated && { calibrated: false }),
      threads,
      cpuModel: cpus()[0]?.model ?? 'unknown',
      seconds: trained.seconds,
      filledRows: trained.filledRows,
      ...(trained.calibration === null ? {} : { calibration: calibrationFacts(trained.calibration) }),
      ...(trained.resumed.length === 0 ? {} : { resumed: trained.resumed }),
      ...(trained.elsewhere === null ? {} : { elsewhere: trained.elsewhere }),
      ...(trained.warmStart === null ? {} : { warmStart: trained.warmStart }),
    },
  };
  return publishVersion(store, { name: declaration.name, folder: trained.folder, facts, createdAt: at });
}

/** What a manifest says of the epochs. */
function epochFacts({
  networks,
}: Pick<TrainedModel, 'networks'>): Pick<ManifestFacts['training'], 'epochs' | 'bestEpoch' | 'networks'> {
  const facts = networks.map(({ name, epochs, bestEpoch }) => [name, { epochs: epochs.length, bestEpoch }] as const);
  const [, last] = facts.at(-1) as (typeof facts)[number];
  return { ...last, ...(facts.length > 1 && { networks: Object.fromEntries(facts) }) };
}

/** What a manifest says of the calibration. */
function calibrationFacts({ kind, of, why, uncalibrated, left }: CalibrationFacts): CalibrationFacts {
  return { kind, of, why, uncalibrated, left };
}

/** What a manifest says of the rows. */
export function dataFacts(summary: LogSummary): ManifestFacts['data'] {
  const { source, time, parts, rejectedByReason } = summary;
  const stages = Object.keys(parts.train.labels);
  const told = toldOf(summary);
  const count = (stage: string, kind: 'positives' | 'negatives' | 'unknown') =>
    PARTS.reduce((sum, part) => sum + (parts[part].labels[stage]?.[kind] ?? 0), 0);
  return {
    source,
    time: time && {
      ...isoRange(time),
      train: parts.train.time && isoRange(parts.train.time),
      validation: parts.validation.time && isoRange(parts.validation.time),
      test: parts.test.time && isoRange(parts.test.time),
    },
    rows: { train: parts.train.rows, validation: parts.validation.rows, test: parts.test.rows },
    labels: Object.fromEntries(
      stages.map((stage) => [
        stage,
        { positive: count(stage, 'positives'), negative: count(stage, 'negatives'), unknown: count(stage, 'unknown') },
      ]),
    ),
    trainingRates: stageRates({ parts }),
    trainingDigest: parts.train.digest,
    rejectedByReason,
    repeatedKeys: summary.repeatedKeys,
    ...(told.length === 0 ? {} : { notes: told }),
  };
}

function isoRange({ first, last }: TimeRange): { readonly from: string; readonly to: string } {
  return { from: new Date(first).toISOString(), to: new Date(last).toISOString() };
}

/** Versions of what the model's numbers depend on. */
function libraryVersions(engine: EngineName): Record<string, string> {
  const require = createRequire(import.meta.url);
  const versionOf = (name: string) => (require(`${name}/package.json`) as { version: string }).version;
  const names = ['onnxruntime-node', '@duckdb/node-api', '@tensorflow/tfjs-core'];
  return {
    node: process.versions.node,
    ...Object.fromEntries(names.map((name) => [name, versionOf(name)])),
    ...engineVersions(engine),
  };
}
