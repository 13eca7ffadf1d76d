#!/usr/bin/env node
import { Command } from 'commander';
import { demoCommand } from './commands/demo.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { localCommand } from './commands/local.ts';
import { modelsCommand } from './commands/models.ts';
import { scoreCommand } from './commands/score.ts';
import { trainCommand } from './commands/train.ts';
import { validateCommand } from './commands/validate.ts';
import { EXIT_CODES } from './exit.ts';

const program = new Command('entirespace')
  .description('Click and conversion predictions over the entire space of impressions: declare, train, publish, score.')
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
  .showHelpAfterError('(entirespace COMMAND --help tells more)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage));

for (const command of [
  validateCommand(),
  trainCommand(),
  evaluateCommand(),
  scoreCommand(),
  modelsCommand(),
  localCommand(),
  demoCommand(),
]) {
  program.addCommand(command.copyInheritedSettings(program));
}
await program.parseAsync();
