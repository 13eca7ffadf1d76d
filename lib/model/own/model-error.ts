/** Thrown where a user's model asks for what is not possible, or returns another thing than expected. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
