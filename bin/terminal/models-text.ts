/** Models and their versions, as text for people. */
import { calibrationText } from '../../lib/evaluation/calibration/calibration-text.ts';
import { alignColumns } from '../../lib/evaluation/metrics-table.ts';
import { type LastMonitoring, monitoringText } from '../../lib/gate/monitoring-verdict.ts';
import { byteText, count, countOf, fixed, minute, precise, secondsText } from '../../lib/numbers/text.ts';
import type { CurrentVersion, PassedOver, Pin } from '../../lib/registry/current.ts';
import type { ListedVersion } from '../../lib/registry/list-versions.ts';
import type { ModelManifest } from '../../lib/registry/manifest.ts';
import type { KeptVersion, RemovedVersion } from '../../lib/registry/prune.ts';
import type { ShownVersion } from '../../lib/registry/show-version.ts';

export interface ModelVersions {
  readonly name: string;
  readonly current: string | null;
  readonly pin: Pin | null;
  readonly versions: readonly ListedVersion[];
  /** Why it cannot be told which version is current; `null` where it can. */
  readonly problem: string | null;
}

/** Outputs whose metrics have columns of their own; `--json` has all of them. */
const MOST_OUTPUTS = 3;

/** A line for each version with the gate's verdict and its metrics on its own test rows, the current one marked. */
export function formatModels(models: readonly ModelVersions[]): string {
  const outputs = shownOutputs(models.flatMap(({ versions }) => versions));
  const header = ['model', 'version', 'created', 'gate'];
  const titles = [...header, ...outputs.flatMap((output) => [`${output} AUC`, `${output} log loss`])];
  const cells = models.flatMap(({ name, versions }) => versions.map((version) => versionCells(name, version, outputs)));
  const marks = models.flatMap(({ current, pin, versions }) =>
    versions.map(({ version }) => (version === current ? `  current${pinnedText(pin)}` : '')),
  );
  return alignColumns([titles, ...cells], header.length)
    .map((line, row) => `${line}${marks[row - 1] ?? ''}`.trimEnd())
    .join('\n');
}

/** The outputs of the roles, where a version has them, or else the first ones. */
function shownOutputs(versions: readonly ListedVersion[]): string[] {
  const all = [...new Set(versions.flatMap(({ metrics }) => metrics.map(({ output }) => output)))];
  const ofRoles = ['pctr', 'pcvr', 'pctcvr'].filter((output) => all.includes(output));
  return ofRoles.length > 0 ? ofRoles : all.slice(0, MOST_OUTPUTS);
}

function versionCells(name: string, one: ListedVersion, outputs: readonly string[]): string[] {
  const { version, createdAt, verdict, forced, metrics } = one;
  return [
    name,
    version,
    createdAt === null ? '-' : minute(new Date(createdAt)),
    `${verdict ?? '-'}${forced ? ', forced' : ''}`,
    ...outputs.flatMap((output) => {
      const found = metrics.find((metric) => metric.output === output);
      return [fixed(found?.auc, 4), precise(found?.logLoss)];
    }),
  ];
}

/** What a promotion, rollback or pin left. */
export function formatCurrent(name: string, { version, pin }: CurrentVersion, again = ''): string {
  return `${name} ${version} is the current version${again}${pinnedText(pin)}${pin === undefined ? '' : '; no training run promotes another until entirespace models unpin'}`;
}

/** The versions that a rollback did not bring back. */
export function formatPassedOver(passedOver: readonly PassedOver[]): string[] {
  return passedOver.map(({ version, problem }) => `passed over ${version}: ${problem}`);
}

/** A line for each version that is removed, and for each that is kept though it is not new. */
export function formatPruned(
  name: string,
  { kept, removed }: { readonly kept: readonly KeptVersion[]; readonly removed: readonly RemovedVersion[] },
  isDryRun: boolean,
): string {
  const verb = isDryRun ? 'would remove' : 'removed';
  const bytes = removed.reduce((sum, version) => sum + version.bytes, 0);
  return [
    ...removed.map(
      ({ version, files, bytes: size }) => `${verb} ${name} ${version}: ${countOf(files, 'file')}, ${byteText(size)}`,
    ),
    ...kept.filter(({ why }) => why !== 'new').map(({ version, why }) => `kept ${name} ${version}: ${why}`),
    `${verb} ${countOf(removed.length, 'version')}, ${byteText(bytes)}; ${count(kept.length)} ${isDryRun ? 'would stay' : kept.length === 1 ? 'stays' : 'stay'}`,
  ].join('\n');
}

function pinnedText(pin: Pin | null | undefined): string {
  return pin == null ? '' : `, pinned since ${pin.pinnedAt}: ${pin.reason}`;
}

/** What a version was trained on, how, and with which libraries, and what monitoring last said of it. */
export function formatVersion(
  name: string,
  { manifest, isCurrent, pin, bytes }: ShownVersion,
  monitoring: LastMonitoring | null,
): string {
  const { data, training, libraries } = manifest;
  const { rows } = data;
  const labels = Object.entries(data.labels).map(
    ([stage, { positive, negative }]) => `           ${stage}: ${count(positive)} of ${count(positive + negative)}`,
  );
  const packages = Object.entries(libraries).map((entry) => entry.join(' '));
  return [
    `${name} ${manifest.version}${isCurrent ? ` (current${pinnedText(pin)})` : ''}, ${countOf(bytes, 'byte')}, created ${manifest.createdAt}`,
    `data       ${data.source}: ${count(rows.train)} training, ${count(rows.validation)} validation, ${count(rows.test)} test rows`,
    ...labels,
    `training   ${epochsText(training)}, seed ${training.seed}, ${training.engine ?? 'onnxruntime'}, ${countOf(training.threads, 'thread')}, ${secondsText(training.seconds)} on ${training.cpuModel}${training.calibrated === false ? ', not calibrated' : ''}`,
    ...(training.calibration === undefined ? [] : [`calibrated ${calibrationText(training.calibration)}`]),
    ...(monitoring === null ? [] : [`monitoring ${monitoringText(monitoring)}`]),
    `libraries  ${packages.join(', ')}`,
    'metrics    in metrics.json, and by --json',
  ].join('\n');
}

function epochsText({ networks, ...whole }: ModelManifest['training']): string {
  const textOf = ({ bestEpoch, epochs }: { readonly bestEpoch: number; readonly epochs: number }) =>
    `epoch ${bestEpoch} of ${epochs}`;
  if (networks === undefined) return textOf(whole);
  return Object.entries(networks)
    .map(([name, network]) => `${name} ${textOf(network)}`)
    .join(', ');
}
