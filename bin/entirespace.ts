#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { buildLambdaCommand } from './commands/build-lambda.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { featuresCommand } from './commands/features.ts';
import { localCommand } from './commands/local.ts';
import { modelsCommand } from './commands/models.ts';
import { redriveCommand } from './commands/redrive.ts';
import { retrainCommand } from './commands/retrain.ts';
import { scoreCommand } from './commands/score.ts';
import { trainCommand } from './commands/train.ts';
import { validateCommand } from './commands/validate.ts';
import { EXIT_CODES, guardOutput, report, UsageError } from './exit.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

const program = new Command('entirespace')
  .description('Click and conversion predictions over the entire space of impressions: declare, train, publish, score.')
  .version(version)
  .addHelpText(
    'after',
    `
Examples:
  $ entirespace validate --data logs/
  $ entirespace train --data logs/ --bucket bucket
  $ entirespace score candidates.parquet --bucket bucket

Exit codes: ${Object.entries(EXIT_CODES)
      .map(([name, code]) => `${code} ${name}`)
      .join(', ')}`,
  )
  // Else `evaluate --version <id>` would ask for the version of the program.
  .enablePositionalOptions()
  .configureOutput({ outputError: () => undefined })
  .exitOverride();

for (const command of [
  validateCommand(),
  trainCommand(),
  evaluateCommand(),
  featuresCommand(),
  scoreCommand(),
  modelsCommand(),
  localCommand(),
  redriveCommand(),
  retrainCommand(),
  buildLambdaCommand(),
  doctorCommand(),
  demoCommand(),
]) {
  program.addCommand(command);
  inheritSettings(command, program);
}
guardOutput();
await program.parseAsync().catch(endUsage);

function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
}

/** Ends after help, or after a command line that cannot be understood. */
function endUsage(error: unknown): void {
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return;
  process.exitCode = EXIT_CODES.usage;
  if (error.code === 'commander.help') return;
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  report(new UsageError(`${message} (--help tells more)`), process.argv.includes('--json'));
}
