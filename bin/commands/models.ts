import { Command } from 'commander';
import { currentVersion, promoteVersion, rollbackVersion } from '../../lib/registry/current.ts';
import { VersionNotFoundError } from '../../lib/registry/errors.ts';
import { showVersion } from '../../lib/registry/show-version.ts';
import { listModels, listVersions } from '../../lib/registry/versions.ts';
import { openStore } from '../../lib/store/open-store.ts';
import { EXIT_CODES, runCommand } from '../exit.ts';
import { bucketOption, chosenModel, jsonOption, modelOption } from '../options.ts';
import { number } from '../report-text.ts';

interface ModelsOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly json: boolean;
  readonly reason?: string;
}

/** `entirespace models`: the registry, by hand. */
export function modelsCommand(): Command {
  const command = new Command('models').description('list and show model versions, promote one, roll back');
  const subcommand = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .addOption(bucketOption())
      .addOption(modelOption())
      .addOption(jsonOption());

  subcommand('list', 'the versions of every model, the current one marked').action((options: ModelsOptions) =>
    runCommand(() => list(options), options.json),
  );
  subcommand('show', 'what a version was made from, and how good it is')
    .argument('[version]', 'default: the current one')
    .action((version: string | undefined, options: ModelsOptions) =>
      runCommand(() => show(version, options), options.json),
    );
  subcommand('promote', 'make a version the current one')
    .argument('<version>')
    .option('--reason <text>', 'why, for the record', 'promoted by hand')
    .action((version: string, options: ModelsOptions) => runCommand(() => promote(version, options), options.json));
  subcommand('rollback', 'go back to the version that was current before')
    .option('--reason <text>', 'why, for the record', 'rolled back by hand')
    .action((options: ModelsOptions) => runCommand(() => rollback(options), options.json));
  return command.addHelpText(
    'after',
    '\nExamples:\n  $ entirespace models list\n  $ entirespace models rollback --reason "pcvr doubled overnight"',
  );
}

async function list({ bucket, model, json }: ModelsOptions) {
  const store = openStore(bucket);
  const names = model === undefined ? await listModels(store) : [model];
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

async function show(version: string | undefined, { bucket, model, json }: ModelsOptions) {
  const store = openStore(bucket);
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

async function promote(version: string, { bucket, model, json, reason = '' }: ModelsOptions) {
  const store = openStore(bucket);
  const name = await chosenModel(store, model);
  const current = await promoteVersion(store, name, version, { reason, at: new Date() });
  process.stdout.write(
    json ? `${JSON.stringify({ name, ...current })}\n` : `${name} ${current.version} is the current version\n`,
  );
  return EXIT_CODES.success;
}

async function rollback({ bucket, model, json, reason = '' }: ModelsOptions) {
  const store = openStore(bucket);
  const name = await chosenModel(store, model);
  const current = await rollbackVersion(store, name, { reason, at: new Date() });
  process.stdout.write(
    json ? `${JSON.stringify({ name, ...current })}\n` : `${name} ${current.version} is the current version again\n`,
  );
  return EXIT_CODES.success;
}

/** Id of the current version. */
export async function requireCurrent(store: Parameters<typeof currentVersion>[0], name: string): Promise<string> {
  const current = await currentVersion(store, name);
  if (current === null)
    throw new VersionNotFoundError(`model ${name} has no current version (in ${store.url}): train one, or promote one`);
  return current.version;
}
