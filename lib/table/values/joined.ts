/** Several texts as one, for crosses, keys and hashes of several columns. */
import { bind } from './bind.ts';

const MISSING = '-';

/**
 * Returns the SQL of texts joined to one, NULL if all of them are. Each text is preceded by its length in UTF-8 bytes
 * and a colon, and a missing one is a dash, so that different combinations have different texts: ('a', 'bc') is
 * `1:a2:bc`, ('ab', 'c') is `2:ab1:c`, ('a', missing) is `1:a-`.
 */
export function joinedTexts(texts: readonly string[]): string {
  const parts = texts.map((value) =>
    bind('part', value, (text) => `COALESCE(CAST(strlen(${text}) AS VARCHAR) || ':' || ${text}, '${MISSING}')`),
  );
  return `NULLIF(${parts.join(' || ')}, '${MISSING.repeat(texts.length)}')`;
}
