/** The messages for a command line that cannot be understood, with the word that was probably meant. */
import { Command, type ErrorOptions, Option } from 'commander';
import { nearest } from '../../lib/config/nearest.ts';
import { UsageError } from './exit.ts';

/** An option that may be given several times; its value is the list of all. */
export class RepeatableOption extends Option {
  constructor(flags: string, description: string) {
    super(flags, description);
    this.argParser((value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value]);
  }
}

/** A command of commander's whose mistakes are thrown as usage errors, in the words of this project. */
export class CommandLine extends Command {
  override createCommand(name?: string): CommandLine {
    return new CommandLine(name);
  }

  /** Adds an option, whose value may be given once unless it is repeatable: of two values, neither can be meant. */
  override addOption(option: Option): this {
    super.addOption(option);
    if (option instanceof RepeatableOption || !(option.required || option.optional)) return this;
    let isGiven = false;
    return this.on(`option:${option.name()}`, () => {
      if (isGiven) this.error(`${option.long} given twice, expected once`);
      isGiven = true;
    });
  }

  /** Ends the help with examples, below a note on the command. */
  examples(commands: readonly string[], note = ''): this {
    const lines = commands.map((command) => `\n  $ ${command}`);
    return this.addHelpText(
      'after',
      `${note && `\n${note}\n`}\n${lines.length === 1 ? 'Example' : 'Examples'}:${lines.join('')}`,
    );
  }

  override error(message: string, { code = '' }: ErrorOptions = {}): never {
    throw new UsageError(`${explain(this, message.replace(/^error: /, ''), code)} (--help tells more)`);
  }
}

const INVALID_OPTION = /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/s;
const INVALID_ARGUMENT = /^command-argument value '(.*)' is invalid for argument '([\w-]+)'\. (.*)$/s;

/** What is a log, and no declaration, by its name. */
const DATA_FILE = /(?:\.(?:parquet|parq|pq|csv|tsv|gz)|\/)$/i;

/** Commander's message of a mistake, in this project's style: what was given, and what was expected. */
function explain(command: Command, message: string, code: string): string {
  switch (code) {
    case 'commander.missingMandatoryOptionValue': {
      // It may have been given, but mistyped.
      const stray = command.args.find((word) => word.startsWith('-'));
      if (stray !== undefined) return unknownOption(command, stray);
      const log = command.args.find((word) => DATA_FILE.test(word));
      return log !== undefined && message.includes('--data')
        ? `--data is missing, did you mean --data ${log}?`
        : message;
    }
    case 'commander.unknownCommand':
      return unknown('command', command.args[0] ?? '', namesOf(command.commands));
    case 'commander.unknownOption':
      return unknownOption(command, /'(.*)'/s.exec(message)?.[1] ?? message);
    case 'commander.excessArguments': {
      const [, second] = command.args;
      if (second !== undefined && DATA_FILE.test(second) && flagsOf(command).includes('--data'))
        return `too many arguments for ${command.name()}: got ${second} after ${command.args[0]}, did you mean --data ${second}?`;
      const expected = command.registeredArguments.length;
      const most = expected === 0 ? 'none' : `at most ${expected}`;
      return `too many arguments for ${command.name()}: got ${command.args.length}, expected ${most}`;
    }
    case 'commander.invalidArgument':
      return message.replace(INVALID_OPTION, '$1: got $2, $3').replace(INVALID_ARGUMENT, '$2: got $1, $3');
    default:
      return message;
  }
}

function unknown(kind: 'command' | 'option', word: string, words: readonly string[]): string {
  const meant = nearest(word, words);
  const hint = meant === undefined ? `expected one of ${words.join(', ')}` : `did you mean ${meant}?`;
  return `unknown ${kind} ${word}, ${hint}`;
}

function unknownOption(command: Command, word: string): string {
  // Without the value that may be given to it.
  return unknown('option', word.replace(/=.*$/s, ''), flagsOf(command));
}

function namesOf(commands: readonly Command[]): string[] {
  return commands.map((command) => command.name());
}

function flagsOf({ options }: Command): string[] {
  return [...options.flatMap(({ long, short }) => long ?? short ?? []), '--help'];
}
