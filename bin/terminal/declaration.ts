/** The declaration of a command, which may be given as its argument or by an option. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Argument, Option } from 'commander';
import { DeclarationError } from '../../lib/config/declaration-error.ts';
import { UsageError } from './exit.ts';
import { type Io, pathIn } from './io.ts';

export interface DeclarationOption {
  readonly declaration?: string;
}

const DEFAULT = 'entirespace.yaml';

export const declarationArgument = () => new Argument('[declaration]', `declaration file (default: ${DEFAULT})`);
export const declarationOption = () => new Option('-d, --declaration <file>', 'the declaration file, as an option');

/**
 * Path of the declaration: the argument, the option or `entirespace.yaml`.
 * @throws {UsageError} where argument and option name different files, or the argument is a log by its name.
 * @throws {DeclarationError} where none is named, and there is no `entirespace.yaml`.
 */
export function chosenDeclaration(
  io: Pick<Io, 'cwd'>,
  argument: string | undefined,
  { declaration: option }: DeclarationOption,
): string {
  // What the shell makes of a glob without quotes: the first file is taken for the option's value, the second for this.
  if (argument !== undefined && /\.(parquet|csv|csv\.gz)$/.test(argument))
    throw new UsageError(`${argument} is no declaration by its name, expected YAML (a glob of logs needs quotes)`);
  const isSame = (one: string, other: string) => resolve(pathIn(io, one)) === resolve(pathIn(io, other));
  if (argument !== undefined && option !== undefined && !isSame(argument, option))
    throw new UsageError(`declaration given twice: got ${argument} and --declaration ${option}, expected one of them`);
  const named = argument ?? option;
  if (named === undefined && !existsSync(pathIn(io, DEFAULT)))
    throw new DeclarationError(DEFAULT, [
      { line: 1, column: 1, path: '', message: 'no such file: entirespace init <log> writes a first one from a log' },
    ]);
  return named ?? DEFAULT;
}
