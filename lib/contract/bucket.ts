/**
 * The layout of a bucket: every prefix, key and file name that the product reads or writes there. The stack's grants,
 * lifecycle rules and notifications are made from the same names as the keys themselves.
 *
 * | written by | key |
 * |---|---|
 * | users | `candidates/<path>.parquet`, `.csv`, `.csv.gz`, `.jsonl` or `.jsonl.gz` |
 * | users | `data/dt=YYYY-MM-DD/<file>`, `training/<model>/entirespace.yaml` |
 * | scoring | `scores/<path>/part-<source>-NNNNN.parquet` (or `.csv`, `.csv.gz`), `_manifest.json`, `_SUCCESS` or `_FAILED.json` |
 * | scoring | `rejects/<path>/part-<source>-NNNNN.parquet`, `failed/<sha256 of the key>.json` |
 * | scoring | `_work/<source>/...`, `_state/<sha256 of the key>.json`, `_events/<sha256>.json` |
 * | `entirespace features` | `features/<entity>/dt=YYYY-MM-DD/bucket=NNNNN.parquet`, `_manifest.json` |
 * | training | `models/<model>/<version>/...`, `models/<model>/current.json`, `models/<model>/decisions/...` |
 * | monitoring | `monitoring/<model>/index.html`, `index.json`, `history.json`, `verdict.json`, `news.json` |
 * | scorers of requests | `online/<model>/dt=YYYY-MM-DD/NN.json` |
 * | training | `_training/<model>/lease.json`, `checkpoints/...`, `<run>/...` |
 * | training on a GPU | `_bundles/<model>/<run>/bundle/...`, `encoding/<id>/...`, `trained/...` |
 */

/** First segments of keys, each with its `/`. Who may do what below each is in `lib/stack/grants.ts`. */
export const PREFIXES = {
  /** Candidate files, which users put there; each arrival sends a message. */
  candidates: 'candidates/',
  /** Scores, a folder for each candidate file. */
  scores: 'scores/',
  /** Rows of candidate files that cannot be scored, with the reason of each. */
  rejects: 'rejects/',
  /** Why a candidate key was refused that cannot have a folder of its own. */
  failed: 'failed/',
  /** Published model versions, and which of them is current. */
  models: 'models/',
  /** Feature tables of users and items. */
  features: 'features/',
  /** What monitoring finds of each model, and what it keeps of each day. */
  monitoring: 'monitoring/',
  /** Statistics of online requests, in a few objects a day. */
  online: 'online/',
  /** The log that models are trained on, in partitions of a day. */
  data: 'data/',
  /** Declarations of the models that are trained on a schedule. */
  declarations: 'training/',
  /** Plans, parts and receipts of candidate files that are being scored. */
  work: '_work/',
  /** For each candidate key, which version of the file its scores folder shows. */
  state: '_state/',
  /** Events of ended files that EventBridge did not take yet. */
  events: '_events/',
  /** Leases, checkpoints and results of training runs. */
  training: '_training/',
  /** What a training run on a GPU hands from step to step: its bundle, checkpoint and trained weights. */
  bundles: '_bundles/',
} as const;

/** Folder of a bucket that is a folder, which the store keeps for itself. */
export const RESERVED_FOLDER = '.entirespace';

export type Prefix = (typeof PREFIXES)[keyof typeof PREFIXES];

/**
 * The formats of the files that rows are read from (candidates, logs and feature tables), and the endings of their
 * names, in any case. `lib/table/formats/index.ts` has the reader of each.
 */
export const DATA_EXTENSIONS = {
  parquet: ['.parquet', '.parq', '.pq'],
  csv: ['.csv', '.csv.gz', '.tsv', '.tsv.gz'],
  json: ['.jsonl', '.jsonl.gz', '.ndjson', '.ndjson.gz'],
} as const;

/** The name of a format. */
export type DataFormat = keyof typeof DATA_EXTENSIONS;

/** The names of the formats. */
export const DATA_FORMATS = Object.keys(DATA_EXTENSIONS) as DataFormat[];

/** The most common endings, for messages. */
export const DATA_EXTENSIONS_TEXT = '.parquet, .csv or .csv.gz';

/** The format of a file of rows by the ending of its name; `undefined` for a name that ends otherwise. */
export function dataFormatOf(name: string): DataFormat | undefined {
  const lower = name.toLowerCase();
  return DATA_FORMATS.find((format) => DATA_EXTENSIONS[format].some((extension) => lower.endsWith(extension)));
}

/** Whether a file is compressed as a whole, by the ending of its name. */
export function isGzipName(name: string): boolean {
  return name.toLowerCase().endsWith('.gz');
}

/** Records of one candidate file in its folder below `_work/`, which may also have `resent-<n>.json`. */
export const WORK_RECORDS = { plan: 'plan.json', outcome: 'outcome.json', reopened: 'reopened.json' } as const;

/** Records in a scores folder; readers wait for `success`, or read the keys in `manifest`. */
export const SCORES_RECORDS = {
  manifest: '_manifest.json',
  success: '_SUCCESS',
  failure: '_FAILED.json',
} as const;

/** Folder of the work on one version of a candidate file. */
export function workFolder(source: string): string {
  return `${PREFIXES.work}${source}/`;
}

/** Source and name within its folder of a key below `_work/`. */
export function parseWorkKey(key: string): { readonly source: string; readonly name: string } {
  const [source = '', ...name] = key.slice(PREFIXES.work.length).split('/');
  return { source, name: name.join('/') };
}

/** Key of a file version's plan. */
export function planKey(source: string): string {
  return `${workFolder(source)}${WORK_RECORDS.plan}`;
}

/** Key of a file version's outcome. */
export function outcomeKey(source: string): string {
  return `${workFolder(source)}${WORK_RECORDS.outcome}`;
}

/** Key of the record that a person has reopened the file version at some time. */
export function reopenedKey(source: string): string {
  return `${workFolder(source)}${WORK_RECORDS.reopened}`;
}

/** Name of the record that missing shards were sent again, after this number of reopenings. */
export function resentRecord(reopened: number): string {
  return `resent-${reopened}.json`;
}

/** Key of the record that missing shards were sent again, after this number of reopenings. */
export function resentKey(source: string, reopened: number): string {
  return `${workFolder(source)}${resentRecord(reopened)}`;
}

/** How scores may be written: the endings of their files. */
export const SCORES_FORMATS = ['parquet', 'csv', 'csv.gz'] as const;
/** How scores are written. */
export type ScoresFormat = (typeof SCORES_FORMATS)[number];

/** Returns how a part of published scores is written, by its key. */
export function formatOfPart(key: string): ScoresFormat {
  return SCORES_FORMATS.find((format) => key.endsWith(`.${format}`)) ?? 'parquet';
}

/** Key of a shard's scores before they are published. */
export function workPartKey(source: string, shard: number, format: ScoresFormat = 'parquet'): string {
  return `${workFolder(source)}parts/${fiveDigits(shard)}.${format}`;
}

/** Key of a shard's scores with their ranks, before they are published. */
export function rankedPartKey(source: string, shard: number, format: ScoresFormat = 'parquet'): string {
  return `${workFolder(source)}ranked/${fiveDigits(shard)}.${format}`;
}

/** Key of the uncompressed rows of one shard of a gzip file, as one planner cut it. */
export function pieceKey(source: string, planId: string, shard: number): string {
  return `${workFolder(source)}pieces/${planId}/${fiveDigits(shard)}.csv`;
}

/** Folder of the receipts of a file version's shards. */
export function receiptsPrefix(source: string): string {
  return `${workFolder(source)}receipts/`;
}

/** Key of the receipt of a shard. */
export function receiptKey(source: string, shard: number): string {
  return `${receiptsPrefix(source)}${fiveDigits(shard)}.json`;
}

/** Key of the receipt of a part with this SHA-256, where it is too long for the part's metadata. */
export function partReceiptKey(source: string, sha256: string): string {
  return `${workFolder(source)}part-receipts/${sha256}.json`;
}

/** Index of the shard that a receipt's key names. */
export function shardOfReceipt(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1, -'.json'.length));
}

/** Path of a candidate below `candidates/`, which its scores and rejects have too. */
function candidatePath(candidateKey: string): string {
  return candidateKey.slice(PREFIXES.candidates.length);
}

/** The folder of a candidate's scores. */
export function scoresFolder(candidateKey: string): string {
  return `${PREFIXES.scores}${candidatePath(candidateKey)}/`;
}

/** The folder of a candidate's rejected rows. */
export function rejectsFolder(candidateKey: string): string {
  return `${PREFIXES.rejects}${candidatePath(candidateKey)}/`;
}

/** File name of a shard's scores or rejects; `attempt` counts from 1 how often the version was scored on purpose. */
export function partName(source: string, attempt: number, shard: number, format: ScoresFormat = 'parquet'): string {
  const again = attempt === 1 ? '' : `-${attempt}`;
  return `part-${source.slice(0, 8)}${again}-${fiveDigits(shard)}.${format}`;
}

/** Matches every name that `partName` returns, and no likely name of a user's own file. */
export const PART_NAME = /^part-[0-9a-f]{8}(-\d+)?-\d{5,}\.(parquet|csv|csv\.gz)$/;

/** Key of the manifest of a candidate file's scores. */
export function scoresManifestKey(candidateKey: string): string {
  return `${scoresFolder(candidateKey)}${SCORES_RECORDS.manifest}`;
}

/** Key of the mark that a candidate file's scores are complete. */
export function successKey(candidateKey: string): string {
  return `${scoresFolder(candidateKey)}${SCORES_RECORDS.success}`;
}

/** Key of the record that a candidate file failed. */
export function failureKey(candidateKey: string): string {
  return `${scoresFolder(candidateKey)}${SCORES_RECORDS.failure}`;
}

/** Folder of a day's partition, of the log or of a feature table. */
export function partitionFolder(prefix: string, date: string): string {
  return `${prefix}dt=${date}/`;
}

/** The date of a folder that `partitionFolder` gave; `null` for any other. */
export function dateOfPartition(folder: string): string | null {
  return /\/dt=(\d{4}-\d{2}-\d{2})\/$/.exec(folder)?.[1] ?? null;
}

/** Folder of all feature tables of an entity. */
export function featuresFolder(entity: string): string {
  return `${PREFIXES.features}${entity}/`;
}

/** File names in the folder of a feature table. */
export const FEATURE_MANIFEST = '_manifest.json';
export const BUCKET_NAME_START = 'bucket=';

/** File name of one hash bucket of a feature table. */
export function bucketName(bucket: number): string {
  return `${BUCKET_NAME_START}${fiveDigits(bucket)}.parquet`;
}

/** File names in the folder of a model version. */
export const MANIFEST_FILE = 'manifest.json';
export const MODEL_FILE = 'model.onnx';
export const DECLARATION_FILE = 'declaration.yaml';

/** Names in the folder of a model next to its versions: the record of the current one, and the folder of decisions. */
export const MODEL_RECORDS = { current: 'current.json', decisions: 'decisions/' } as const;

/** Names in the folder that a model's training runs share: the lease of the run that trains, and the checkpoints. */
export const TRAINING_RECORDS = { lease: 'lease.json', checkpoints: 'checkpoints/' } as const;

/** File names in the folder of one training run. */
export const RUN_RECORDS = {
  /** The last day of the data window that the run began with, for when it is started again. */
  window: 'window.json',
  /** The published version and the gate's decision, before that takes effect; deleted afterwards. */
  conclusion: 'conclusion.json',
  /** The result of the run; written last. */
  result: 'result.json',
} as const;

/** Key of a record of one training run. `lib/registry/keys.ts` checks the model's name. */
export function runKey(model: string, runId: string, record: keyof typeof RUN_RECORDS): string {
  return `${PREFIXES.training}${model}/${runId}/${RUN_RECORDS[record]}`;
}

/** The bundle of a run, the work of functions on its rows, what was trained on it, or all of these. */
export type RunBundleFolder = 'bundle/' | 'encoding/' | 'trained/' | '';

/** Folder of what a run hands to its training on a GPU, and gets back. */
export function runBundleFolder(model: string, runId: string, folder: RunBundleFolder): string {
  return `${PREFIXES.bundles}${model}/${runId}/${folder}`;
}

/** File names in the folder of a model's monitoring. */
export const MONITORING_FILES = {
  page: 'index.html',
  /** Every number of the page. */
  numbers: 'index.json',
  /** Sums and histograms of every day. */
  history: 'history.json',
  /** The page's verdict and its reason. */
  verdict: 'verdict.json',
  /** Findings that no event has reported yet. */
  news: 'news.json',
} as const;

/** Key of a file of a model's monitoring. */
export function monitoringKey(model: string, file: keyof typeof MONITORING_FILES): string {
  return `${PREFIXES.monitoring}${model}/${MONITORING_FILES[file]}`;
}

/** Objects that the statistics of a model's online requests of a day are written to, however many processes write. */
export const ONLINE_SLOTS = 16;

/** Folder of the statistics of a model's online requests. */
export function onlineFolder(model: string): string {
  return `${PREFIXES.online}${model}/`;
}

/** Key of a part of the statistics of a model's online requests of a day. @param slot from 0 to `ONLINE_SLOTS` - 1 */
export function onlineKey(model: string, day: string, slot: number): string {
  return `${onlineFolder(model)}dt=${day}/${String(slot).padStart(2, '0')}.json`;
}

/** The day of such a key; `null` for another one. */
export function onlineDayOf(key: string): string | null {
  return /\/dt=(\d{4}-\d{2}-\d{2})\/\d{2}\.json$/.exec(key)?.[1] ?? null;
}

/** Key of an event that is to be sent again, by the SHA-256 of its text, hex. */
export function unsentEventKey(sha256: string): string {
  return `${PREFIXES.events}${sha256}.json`;
}

/** Key of the declaration that a model is trained by on a schedule. */
export function trainedDeclarationKey(model: string): string {
  return `${PREFIXES.declarations}${model}/entirespace.yaml`;
}

function fiveDigits(index: number): string {
  return String(index).padStart(5, '0');
}
