import type { CommandLine } from './terminal/command-line.ts';
import type { Act } from './terminal/exit.ts';

/** Gives a command its arguments, options, examples and action. */
export type DefineCommand = (command: CommandLine, act: Act) => void;
