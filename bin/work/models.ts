import { promoteByHand, rollBackByHand } from '../../lib/registry/by-hand.ts';
import { currentVersion } from '../../lib/registry/current.ts';
import { listDecisions } from '../../lib/registry/decisions.ts';
import { showVersion } from '../../lib/registry/show-version.ts';
import { listModels, listVersions } from '../../lib/registry/versions.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import { chosenModel, requireCurrent } from '../chosen-model.ts';
import { EXIT_CODES } from '../exit.ts';
import { formatHistory } from '../gate-text.ts';
import { number } from '../report-text.ts';

export interface ModelsOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly json: boolean;
  readonly reason?: string;
  readonly force?: boolean;
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
export async function promote(
  version: string,
  { bucket, endpoint, model, json, force = false, reason = '' }: ModelsOptions,
) {
  const store = await openBucket(bucket, 'write', { endpoint });
  const name = await chosenModel(store, model);
  const current = await promoteByHand(store, name, version, { isForced: force, reason, at: await store.now() });
  process.stdout.write(
    json ? `${JSON.stringify({ name, ...current })}\n` : `${name} ${current.version} is the current version\n`,
  );
  return EXIT_CODES.success;
}

/** Makes the version before the current one the current one. */
export async function rollback({ bucket, endpoint, model, json, reason = '' }: ModelsOptions) {
  const store = await openBucket(bucket, 'write', { endpoint });
  const name = await chosenModel(store, model);
  const current = await rollBackByHand(store, name, { reason, at: await store.now() });
  process.stdout.write(
    json ? `${JSON.stringify({ name, ...current })}\n` : `${name} ${current.version} is the current version again\n`,
  );
  return EXIT_CODES.success;
}

/** Prints the decisions on a model. */
export async function history({ bucket, endpoint, model, json }: ModelsOptions) {
  const store = await openBucket(bucket, 'read', { endpoint });
  const name = await chosenModel(store, model);
  const decisions = await listDecisions(store, name);
  if (json) process.stdout.write(`${JSON.stringify(decisions)}\n`);
  else
    process.stdout.write(
      `${decisions.length === 0 ? `no decisions on ${name} (in ${store.url})` : formatHistory(decisions)}\n`,
    );
  return EXIT_CODES.success;
}
