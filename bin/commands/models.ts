import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import type { Session } from '../terminal/exit.ts';
import { formatHistory } from '../terminal/gate-text.ts';
import { printResult } from '../terminal/io.ts';
import { formatModels, formatVersion, type ModelVersions } from '../terminal/models-text.ts';
import { bucketOption, endpointOption, jsonOption, modelOption, versionId } from '../terminal/options.ts';

interface ModelsOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly json: boolean;
}

interface ReasonOption {
  readonly reason: string;
}

/** `entirespace models`: the registry, by hand. */
export const defineModels: DefineCommand = (command, act) => {
  const subcommand = (name: string, description: string, example: string) =>
    command
      .command(name)
      .description(description)
      .addOption(bucketOption())
      .addOption(endpointOption())
      .addOption(modelOption())
      .addOption(jsonOption())
      .examples([`entirespace models ${example}`]);

  subcommand('list', 'the versions of every model, the current one marked', 'list --bucket bucket').action(
    (options: ModelsOptions) => act(options.json, (session) => list(options, session)),
  );
  subcommand('show', 'what a version was made from, and how good it is', 'show 20261122-031500-1a2b3c4d --json')
    .argument('[version]', 'default: the current one', versionId)
    .action((version: string | undefined, options: ModelsOptions) =>
      act(options.json, (session) => show(version, options, session)),
    );
  subcommand('promote', 'make a version the current one', 'promote 20261122-031500-1a2b3c4d --reason "A/B test won"')
    .argument('<version>', 'as models list shows it', versionId)
    .option('--reason <text>', 'why, for the record', 'promoted by hand')
    .option('--force', 'even a version that the gate refused', false)
    .action((version: string, options: ModelsOptions & ReasonOption & { readonly force: boolean }) =>
      act(options.json, (session) => promote(version, options, session)),
    );
  subcommand('rollback', 'go back to the version that was current before', 'rollback --reason "pcvr doubled overnight"')
    .option('--reason <text>', 'why, for the record', 'rolled back by hand')
    .action((options: ModelsOptions & ReasonOption) => act(options.json, (session) => rollback(options, session)));
  subcommand('history', 'what was promoted, refused and rolled back, when and why', 'history --json').action(
    (options: ModelsOptions) => act(options.json, (session) => history(options, session)),
  );
  command.examples(['entirespace models list', 'entirespace models show --json']);
};

/** Prints the versions of every model. */
async function list(options: ModelsOptions, { io }: Session): Promise<ExitCode> {
  const { listModels, listVersions } = await import('../../lib/registry/versions.ts');
  const { currentVersion } = await import('../../lib/registry/current.ts');
  const { chosenModel } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'read', options);
  const names = options.model === undefined ? await listModels(store) : [await chosenModel(store, options.model)];
  const models: ModelVersions[] = [];
  for (const name of names) {
    const current = await currentVersion(store, name);
    models.push({ name, current: current?.version ?? null, versions: await listVersions(store, name) });
  }
  printResult(io, options.json, models, models.length === 0 ? `no models (in ${store.url})` : formatModels(models));
  return EXIT_CODES.success;
}

/** Prints what is known of a version. */
async function show(version: string | undefined, options: ModelsOptions, { io }: Session): Promise<ExitCode> {
  const { showVersion } = await import('../../lib/registry/show-version.ts');
  const { chosenModel, requireCurrent } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'read', options);
  const name = await chosenModel(store, options.model);
  const shown = await showVersion(store, name, version ?? (await requireCurrent(store, name)));
  printResult(io, options.json, shown, formatVersion(name, shown));
  return EXIT_CODES.success;
}

/** Makes a version the current one. */
async function promote(
  version: string,
  { force, reason, ...options }: ModelsOptions & ReasonOption & { readonly force: boolean },
  { io }: Session,
): Promise<ExitCode> {
  const { promoteByHand } = await import('../../lib/registry/by-hand.ts');
  const { chosenModel } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'write', options);
  const name = await chosenModel(store, options.model);
  const current = await promoteByHand(store, name, version, { isForced: force, reason, at: await store.now() });
  printResult(io, options.json, { name, ...current }, `${name} ${current.version} is the current version`);
  return EXIT_CODES.success;
}

/** Makes the version before the current one the current one. */
async function rollback({ reason, ...options }: ModelsOptions & ReasonOption, { io }: Session): Promise<ExitCode> {
  const { rollBackByHand } = await import('../../lib/registry/by-hand.ts');
  const { chosenModel } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'write', options);
  const name = await chosenModel(store, options.model);
  const current = await rollBackByHand(store, name, { reason, at: await store.now() });
  printResult(io, options.json, { name, ...current }, `${name} ${current.version} is the current version again`);
  return EXIT_CODES.success;
}

/** Prints the decisions on a model. */
async function history(options: ModelsOptions, { io }: Session): Promise<ExitCode> {
  const { listDecisions } = await import('../../lib/registry/decisions.ts');
  const { chosenModel } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'read', options);
  const name = await chosenModel(store, options.model);
  const decisions = await listDecisions(store, name);
  const text = decisions.length === 0 ? `no decisions on ${name} (in ${store.url})` : formatHistory(decisions);
  printResult(io, options.json, decisions, text);
  return EXIT_CODES.success;
}
