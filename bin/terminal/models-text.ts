/** Models and their versions, as text for people. */
import { count, countOf, secondsText } from '../../lib/numbers/text.ts';
import type { ShownVersion } from '../../lib/registry/show-version.ts';

export interface ModelVersions {
  readonly name: string;
  readonly current: string | null;
  readonly versions: readonly string[];
}

/** A line for each version, the current one marked. */
export function formatModels(models: readonly ModelVersions[]): string {
  return models
    .flatMap(({ name, current, versions }) =>
      versions.map((version) => `${name}  ${version}${version === current ? '  current' : ''}`),
    )
    .join('\n');
}

/** What a version was trained on, how, and with which libraries. */
export function formatVersion(name: string, { manifest, isCurrent, bytes }: ShownVersion): string {
  const { data, training, libraries } = manifest;
  const { rows } = data;
  const labels = Object.entries(data.labels).map(
    ([stage, { positive, negative }]) => `           ${stage}: ${count(positive)} of ${count(positive + negative)}`,
  );
  const packages = Object.entries(libraries).map((entry) => entry.join(' '));
  return [
    `${name} ${manifest.version}${isCurrent ? ' (current)' : ''}, ${countOf(bytes, 'byte')}, created ${manifest.createdAt}`,
    `data       ${data.source}: ${count(rows.train)} training, ${count(rows.validation)} validation, ${count(rows.test)} test rows`,
    ...labels,
    `training   epoch ${training.bestEpoch} of ${training.epochs}, seed ${training.seed}, ${countOf(training.threads, 'thread')}, ${secondsText(training.seconds)} on ${training.cpuModel}`,
    `libraries  ${packages.join(', ')}`,
    'metrics    in metrics.json, and by --json',
  ].join('\n');
}
