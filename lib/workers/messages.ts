/** The messages between a thread, or a process, and a worker that it started. */

/** A request, with the number that its response repeats. */
export interface RequestMessage<Request> {
  readonly number: number;
  readonly request: Request;
}

/** What became of the request of that number. */
export type ResponseMessage<Response> =
  | { readonly number: number; readonly response: Response }
  | { readonly number: number; readonly error: ErrorRecord };

/** How far the work on the request of that number is. */
export interface ProgressMessage {
  readonly number: number;
  readonly done: number;
}

/** An error in a form that every class of errors survives; a structured clone would lose its name. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Returns the record of something that was thrown. */
export function recordOfError(thrown: unknown): ErrorRecord {
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { name, message, stack };
}

/** Returns the error of a record, with the stack of the thread in which it was thrown. */
export function errorOfRecord({ name, message, stack }: ErrorRecord): Error {
  return Object.assign(new Error(message), { name, ...(stack !== undefined && { stack }) });
}
