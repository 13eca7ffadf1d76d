/** Whether an error of the operating system has one of these codes (`ENOENT`, ...). */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return isErrno(error) && codes.includes(error.code ?? '');
}

/** Whether an error comes from the operating system. */
export function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

/** The result, or `null` where it fails because there can be no file of that name. */
export async function ifThere<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return null;
    throw error;
  }
}
