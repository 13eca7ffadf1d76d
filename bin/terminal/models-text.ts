/** What the commands print of models and their versions. */
import { count } from '../../lib/numbers/text.ts';
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

/** What a version was made from and by. */
export function formatVersion(name: string, { manifest, isCurrent, bytes }: ShownVersion): string {
  const { data, training, libraries } = manifest;
  const { rows } = data;
  const labels = Object.entries(data.labels).map(
    ([stage, { positive, negative }]) => `           ${stage}: ${count(positive)} of ${count(positive + negative)}`,
  );
  const packages = Object.entries(libraries).map((entry) => entry.join(' '));
  return [
    `${name} ${manifest.version}${isCurrent ? ' (current)' : ''}, ${count(bytes)} bytes, created ${manifest.createdAt}`,
    `data       ${data.source}: ${count(rows.train)} training, ${count(rows.validation)} validation, ${count(rows.test)} test rows`,
    ...labels,
    `training   epoch ${training.bestEpoch} of ${training.epochs}, seed ${training.seed}, ${training.threads} threads, ${training.seconds.toFixed(1)} s on ${training.cpuModel}`,
    `libraries  ${packages.join(', ')}`,
    'metrics    in metrics.json, and by --json',
  ].join('\n');
}
