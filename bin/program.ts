/** The command `entirespace` as a function from its arguments to its exit code. */
import { createRequire } from 'node:module';
import { type Command, CommanderError } from 'commander';
import { EXIT_CODES, type ExitCode } from '../lib/contract/exit-codes.ts';
import { type BinaryLibrary, loadBinaries } from './binaries.ts';
import { COMMANDS } from './commands.ts';
import { CommandLine } from './terminal/command-line.ts';
import { type Act, report, runWork, type Session, UsageError } from './terminal/exit.ts';
import type { Io, Output } from './terminal/io.ts';

/** Width in characters of a help text that is not written to a terminal. */
const PLAIN_WIDTH = 80;

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/**
 * Runs the command and returns its exit code; an error is reported in one line. After the call nothing is left in the
 * process: no signal listeners, no scratch files, and `process.exitCode` is not set.
 *
 * @param argv as in `process.argv`: the runtime, the script, and the arguments
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
    // Commander throws after `--help` and `--version` as well. Help that is shown for lack of a command is an error.
    return error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage;
  }
  return code;
}

/** Returns the program with every command. To start fast, it loads only the options of commands that `argv` names. */
async function programOf(argv: readonly string[], io: Io, act: Act): Promise<CommandLine> {
  const program = new CommandLine('entirespace')
    .description(
      'Click and conversion predictions over the entire space of impressions: declare, train, publish, score.',
    )
    .version(version)
    .addHelpText('after', HELP)
    // Without this, `evaluate --version <id>` would print the version of the program.
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: nameAndArguments })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
    })
    .exitOverride();
  for (const { name, description, binaries, load } of COMMANDS) {
    const command = program.command(name).description(description);
    if (argv.includes(name)) (await load())(command, (json, work) => act(json, withBinaries(binaries, work)));
  }
  return program;
}

/** Work that begins only where the libraries that it needs are there. */
function withBinaries(
  libraries: readonly BinaryLibrary[],
  work: (session: Session) => Promise<ExitCode>,
): (session: Session) => Promise<ExitCode> {
  return async (session) => {
    loadBinaries(libraries);
    return work(session);
  };
}

const HELP = `
Examples:
  $ entirespace validate shop.yaml --data logs/
  $ entirespace train shop.yaml --data logs/ --bucket bucket
  $ entirespace score candidates.parquet --bucket bucket

Exit codes: ${Object.entries(EXIT_CODES)
  .map(([name, code]) => `${code} ${name}`)
  .join(', ')}`;

/** Returns the name and arguments of a command for the list of commands. Its options are only in its own help. */
function nameAndArguments(command: Command): string {
  return `${command.name()} ${command.usage().replace('[options]', '').trim()}`.trim();
}

/** Returns the width of an output in characters. */
function widthOf({ isTTY, columns }: Output): number {
  return isTTY && columns !== undefined ? columns : PLAIN_WIDTH;
}
