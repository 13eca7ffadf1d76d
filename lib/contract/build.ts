declare const BUILD_DIGEST: string | undefined;

/** Digest of the sources of this build; `null` where the program runs from its sources. */
export const BUILD: string | null = typeof BUILD_DIGEST === 'undefined' ? null : BUILD_DIGEST;

/** What identifies the program that writes or reads what a build need not compute again. */
export interface BuildOptions {
  /** Digest of its sources. @default that of this build; `null` where the program runs from its sources */
  readonly build?: string | null;
}
