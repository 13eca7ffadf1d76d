import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import type { Store } from '../../lib/store/store.ts';
import { openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import {
  type ModelsOptions,
  type PromoteOptions,
  type PruneOptions,
  pin,
  promote,
  prune,
  type ReasonOption,
  type RollbackOptions,
  rollback,
  unpin,
} from '../models/change.ts';
import type { Session } from '../terminal/exit.ts';
import { formatHistory } from '../terminal/gate-text.ts';
import { printError, printResult } from '../terminal/io.ts';
import { formatModels, formatVersion, type ModelVersions } from '../terminal/models-text.ts';
import { bucketOption, endpointOption, jsonOption, keepOption, modelOption, versionId } from '../terminal/options.ts';

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

  subcommand(
    'list',
    'the versions of every model: verdict of the gate, metrics, the current one marked',
    'list --bucket bucket',
  ).action((options: ModelsOptions) => act(options.json, (session) => list(options, session)));
  subcommand('show', 'what a version was made from, and how good it is', 'show 20261122-031500-1a2b3c4d --json')
    .argument('[version]', 'default: the current one', versionId)
    .action((version: string | undefined, options: ModelsOptions) =>
      act(options.json, (session) => show(version, options, session)),
    );
  subcommand('promote', 'make a version the current one', 'promote 20261122-031500-1a2b3c4d --reason "A/B test won"')
    .argument('<version>', 'as models list shows it', versionId)
    .option('--reason <text>', 'why, for the record', 'promoted by hand')
    .option('--force', 'even a version that the gate refused', false)
    .action((version: string, options: PromoteOptions) =>
      act(options.json, (session) => promote(version, options, session)),
    );
  subcommand('rollback', 'go back to the version that was current before', 'rollback --reason "pcvr doubled overnight"')
    .option('--reason <text>', 'why, for the record', 'rolled back by hand')
    .option('--no-pin', 'let the next training run promote its version')
    .action((options: RollbackOptions) => act(options.json, (session) => rollback(options, session)));
  subcommand('pin', 'keep a version current, whatever training runs find', 'pin --reason "sale until Sunday"')
    .argument('[version]', 'made current if it is not (default: the current one)', versionId)
    .option('--reason <text>', 'why, for the record', 'pinned by hand')
    .action((version: string | undefined, options: ModelsOptions & ReasonOption) =>
      act(options.json, (session) => pin(version, options, session)),
    );
  subcommand('unpin', 'let training runs promote again', 'unpin --reason "the sale is over"')
    .option('--reason <text>', 'why, for the record', 'unpinned by hand')
    .action((options: ModelsOptions & ReasonOption) => act(options.json, (session) => unpin(options, session)));
  subcommand('prune', 'remove old versions', 'prune --keep 10 --dry-run')
    .addOption(keepOption())
    .option('--dry-run', 'only tell what would be removed', false)
    .action((options: PruneOptions) => act(options.json, (session) => prune(options, session)));
  subcommand('history', 'what was promoted, refused and rolled back, when and why', 'history --json').action(
    (options: ModelsOptions) => act(options.json, (session) => history(options, session)),
  );
  command.examples(['entirespace models list', 'entirespace models show --json']);
};

/** Prints the versions of every model. */
async function list(options: ModelsOptions, { io }: Session): Promise<ExitCode> {
  const { listModels } = await import('../../lib/registry/versions.ts');
  const { listVersionsWithMetrics } = await import('../../lib/registry/list-versions.ts');
  const { chosenModel } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'read', options);
  const names = options.model === undefined ? await listModels(store) : [await chosenModel(store, options.model)];
  const models: ModelVersions[] = [];
  for (const name of names) {
    models.push({ name, ...(await pointerOf(store, name)), versions: await listVersionsWithMetrics(store, name) });
  }
  printResult(io, options.json, models, models.length === 0 ? `no models (in ${store.url})` : formatModels(models));
  const problems = models
    .flatMap(({ problem, versions }) => [problem, ...versions.map((one) => one.problem)])
    .filter((problem) => problem !== null);
  if (!options.json) for (const problem of problems) printError(io, `entirespace: ${problem}`);
  return problems.length === 0 ? EXIT_CODES.success : EXIT_CODES['bad or missing model'];
}

/** Reads which version is current; a damaged record is a problem, and the versions can be listed all the same. */
async function pointerOf(store: Store, name: string): Promise<Pick<ModelVersions, 'current' | 'pin' | 'problem'>> {
  const { currentVersion } = await import('../../lib/registry/current.ts');
  const { InvalidRecordError } = await import('../../lib/store/records.ts');
  try {
    const current = await currentVersion(store, name);
    return { current: current?.version ?? null, pin: current?.pin ?? null, problem: null };
  } catch (error) {
    if (!(error instanceof InvalidRecordError)) throw error;
    return { current: null, pin: null, problem: error.message };
  }
}

/** Prints what is known of a version. */
async function show(version: string | undefined, options: ModelsOptions, { io }: Session): Promise<ExitCode> {
  const { showVersion } = await import('../../lib/registry/show-version.ts');
  const { lastMonitoring } = await import('../../lib/gate/monitoring-verdict.ts');
  const { chosenModel, requireCurrent } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'read', options);
  const name = await chosenModel(store, options.model);
  const shown = await showVersion(store, name, version ?? (await requireCurrent(store, name)));
  // Monitoring is of what is in use.
  const monitoring = shown.isCurrent ? await lastMonitoring(store, name) : null;
  printResult(io, options.json, { ...shown, monitoring }, formatVersion(name, shown, monitoring));
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
