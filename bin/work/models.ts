import { currentVersion, promoteVersion, rollbackVersion } from '../../lib/registry/current.ts';
import { showVersion } from '../../lib/registry/show-version.ts';
import { listModels, listVersions } from '../../lib/registry/versions.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { EXIT_CODES } from '../exit.ts';
import { number } from '../report-text.ts';

export interface ModelsOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly json: boolean;
  readonly reason?: string;
}

/** Prints the versions of every model. */
export async function list({ bucket, endpoint, model, json }: ModelsOptions) {
  const store = await openBucket(bucket, 'read', { endpoint });
  const names = model === undefined ? await listModels(store) : [await chosenModel(store, model)];
  const models = [];
  for (const name of names) {
    const current = await currentVersion(store, name);
    models.push({ name, current: current?.version ?? null, versions: await listVersions(store, name) });
  }
  if (json) process.stdout.write(`${JSON.stringify(models)}\n`);
  else if (models.length === 0) process.stdout.write(`no models (in ${store.url})\n`);
  for (const { name, current, versions } of json ? [] : models) {
    for (const version of versions)
      process.stdout.write(`${name}  ${version}${version === current ? '  current' : ''}\n`);
  }
  return EXIT_CODES.success;
}

/** Prints what is known of a version. */
export async function show(version: string | undefined, { bucket, endpoint, model, json }: ModelsOptions) {
  const store = await openBucket(bucket, 'read', { endpoint });
  const name = await chosenModel(store, model);
  const shown = await showVersion(store, name, version ?? (await requireCurrent(store, name)));
  const { manifest, isCurrent, bytes } = shown;
  if (json) process.stdout.write(`${JSON.stringify(shown)}\n`);
  else {
    const { data, training } = manifest;
    const lines = [
      `${name} ${manifest.version}${isCurrent ? ' (current)' : ''}, ${number(bytes)} bytes, created ${manifest.createdAt}`,
      `data       ${data.source}: ${number(data.rows.train)} training, ${number(data.rows.validation)} validation, ${number(data.rows.test)} test rows`,
      ...Object.entries(data.labels).map(
        ([stage, { positive, negative }]) =>
          `           ${stage}: ${number(positive)} of ${number(positive + negative)}`,
      ),
      `training   epoch ${training.bestEpoch} of ${training.epochs}, seed ${training.seed}, ${training.threads} threads, ${training.seconds.toFixed(1)} s on ${training.cpuModel}`,
      `libraries  ${Object.entries(manifest.libraries)
        .map((entry) => entry.join(' '))
        .join(', ')}`,
      'metrics    in metrics.json, and by --json',
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  return EXIT_CODES.success;
}

/** Makes a version the current one. */
export async function promote(version: string, { bucket, endpoint, model, json, reason = '' }: ModelsOptions) {
  const store = await openBucket(bucket, 'write', { endpoint });
  const name = await chosenModel(store, model);
  const current = await promoteVersion(store, name, version, { reason, at: new Date() });
  process.stdout.write(
    json ? `${JSON.stringify({ name, ...current })}\n` : `${name} ${current.version} is the current version\n`,
  );
  return EXIT_CODES.success;
}

/** Makes the version before the current one the current one. */
export async function rollback({ bucket, endpoint, model, json, reason = '' }: ModelsOptions) {
  const store = await openBucket(bucket, 'write', { endpoint });
  const name = await chosenModel(store, model);
  const current = await rollbackVersion(store, name, { reason, at: new Date() });
  process.stdout.write(
    json ? `${JSON.stringify({ name, ...current })}\n` : `${name} ${current.version} is the current version again\n`,
  );
  return EXIT_CODES.success;
}
