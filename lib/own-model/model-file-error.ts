import { DeclarationError } from '../config/declaration-error.ts';

/**
 * Thrown if a user's model file cannot be used. The message has a line for every problem, with the place in the file; it
 * is a kind of `DeclarationError`, because the file is a part of the declaration.
 */
export class ModelFileError extends DeclarationError {
  override readonly name = 'ModelFileError' as 'DeclarationError';
}

/** A place in a file of a model. */
export interface Place {
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1. */
  readonly column: number;
}

/** Returns the error of a problem at one place. */
export function errorAt({ file, line, column }: Place, message: string, options?: ErrorOptions): ModelFileError {
  return new ModelFileError(file, [{ line, column, path: '', message }], options);
}
