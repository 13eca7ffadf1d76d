import { Command } from 'commander';
import { runCommand } from '../exit.ts';
import { bucketOption, endpointOption, jsonOption, modelOption, versionId } from '../options.ts';
import type { ModelsOptions } from '../work/models.ts';

// What works takes most of a second to load; help and mistakes need none of it.
const work = () => import('../work/models.ts');

/** `entirespace models`: the registry, by hand. */
export function modelsCommand(): Command {
  const command = new Command('models').description('list and show model versions, promote one, roll back, tell why');
  const subcommand = (name: string, description: string, example: string) =>
    command
      .command(name)
      .description(description)
      .addOption(bucketOption())
      .addOption(endpointOption())
      .addOption(modelOption())
      .addOption(jsonOption())
      .addHelpText('after', `\nExample:\n  $ entirespace models ${example}`);

  subcommand('list', 'the versions of every model, the current one marked', 'list --bucket bucket').action(
    (options: ModelsOptions) => runCommand(async () => (await work()).list(options), options.json),
  );
  subcommand('show', 'what a version was made from, and how good it is', 'show 20261122-031500-1a2b3c4d --json')
    .argument('[version]', 'default: the current one', versionId)
    .action((version: string | undefined, options: ModelsOptions) =>
      runCommand(async () => (await work()).show(version, options), options.json),
    );
  subcommand('promote', 'make a version the current one', 'promote 20261122-031500-1a2b3c4d --reason "A/B test won"')
    .argument('<version>', 'as models list shows it', versionId)
    .option('--reason <text>', 'why, for the record', 'promoted by hand')
    .option('--force', 'even a version that the gate refused')
    .action((version: string, options: ModelsOptions) =>
      runCommand(async () => (await work()).promote(version, options), options.json),
    );
  subcommand('rollback', 'go back to the version that was current before', 'rollback --reason "pcvr doubled overnight"')
    .option('--reason <text>', 'why, for the record', 'rolled back by hand')
    .action((options: ModelsOptions) => runCommand(async () => (await work()).rollback(options), options.json));
  subcommand('history', 'what was promoted, refused and rolled back, when and why', 'history --json').action(
    (options: ModelsOptions) => runCommand(async () => (await work()).history(options), options.json),
  );
  return command.addHelpText('after', '\nExamples:\n  $ entirespace models list\n  $ entirespace models show --json');
}
