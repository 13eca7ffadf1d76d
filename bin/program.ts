/** The command as a function: from its arguments to its exit code. */
import { createRequire } from 'node:module';
import { type Command, CommanderError } from 'commander';
import { EXIT_CODES, type ExitCode } from '../lib/contract/exit-codes.ts';
import { COMMANDS } from './commands.ts';
import { CommandLine } from './terminal/command-line.ts';
import { type Act, report, runWork, UsageError } from './terminal/exit.ts';
import type { Io, Output } from './terminal/io.ts';

/** Columns of help that goes to no terminal. */
const PLAIN_WIDTH = 80;

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/**
 * Runs the command and returns its exit code; whatever goes wrong is reported in one line. Nothing of it outlives the
 * call: neither listeners, scratch files nor an exit code of the process.
 */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT_CODES.success;
  const program = await programOf(argv, io, async (json, work) => {
    code = await runWork(io, json, work);
  });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof UsageError) return report(io, argv.includes('--json'), error);
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end here too; help that nobody asked for is an error.
    return error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage;
  }
  return code;
}

/** The program with every command; the options of those that the arguments do not name are not loaded. */
async function programOf(argv: readonly string[], io: Io, act: Act): Promise<CommandLine> {
  const program = new CommandLine('entirespace')
    .description(
      'Click and conversion predictions over the entire space of impressions: declare, train, publish, score.',
    )
    .version(version)
    .addHelpText('after', HELP)
    // Otherwise `evaluate --version <id>` would ask for the version of the program.
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: nameAndArguments })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
    })
    .exitOverride();
  for (const { name, description, load } of COMMANDS) {
    const command = program.command(name).description(description);
    if (argv.includes(name)) (await load())(command, act);
  }
  return program;
}

const HELP = `
Examples:
  $ entirespace validate shop.yaml --data logs/
  $ entirespace train shop.yaml --data logs/ --bucket bucket
  $ entirespace score candidates.parquet --bucket bucket

Exit codes: ${Object.entries(EXIT_CODES)
  .map(([name, code]) => `${code} ${name}`)
  .join(', ')}`;

/** A command in the list of commands: its name and arguments; the options are in its own help. */
function nameAndArguments(command: Command): string {
  return `${command.name()} ${command.usage().replace('[options]', '').trim()}`.trim();
}

function widthOf({ isTTY, columns }: Output): number {
  return isTTY && columns !== undefined ? columns : PLAIN_WIDTH;
}
