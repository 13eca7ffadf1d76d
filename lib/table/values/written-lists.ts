/** Lists that a program has written as text, as SQL: JSON, Python, NumPy, Spark, or an array of Postgres. */
import { literal } from '../database.ts';
import { bind } from './bind.ts';
import { trimmed } from './texts.ts';

const BRACKETED = '\\[.*\\]|\\{.*\\}|\\(.*\\)';
/** An item of such a list in which blanks alone are between the items: quoted, or without a blank. */
const ITEM_BETWEEN_BLANKS = `'[^']*'|"[^"]*"|[^\\s]+`;
/** What NumPy writes around an item of a Python list, and the item in it. */
const NUMPY_ITEM = '\\bnp\\.\\w+\\(([^()]*)\\)';
/** Characters for private use, which stand for an escaped backslash and an escaped quote for a while. */
const [BACKSLASH, QUOTE] = ['\ue000', '\ue001'];

/** Returns the SQL condition that a trimmed text is a list as a program writes it, in brackets. */
export function isWrittenList(text: string): string {
  // The regular expression alone would be as slow as all else.
  const begins = ['[', '{', '('].map((bracket) => `starts_with(${text}, '${bracket}')`).join(' OR ');
  return `((${begins}) AND regexp_full_match(${text}, ${literal(`(?s)${BRACKETED}`)}))`;
}

/** Returns the SQL of the items of such a list; NULL if it cannot be read as one. */
export function writtenItems(text: string): string {
  const isJson = `(starts_with(${text}, '[') AND json_valid(${text}))`;
  const isPlain = `NOT (contains(${text}, '\\') OR contains(${text}, 'np.'))`;
  const items = bind('source', `CASE WHEN ${isPlain} THEN ${text} ELSE ${fromPython(text)} END`, itemsOf);
  return `CASE WHEN ${isJson} THEN CAST(CAST(${text} AS JSON) AS VARCHAR[]) ELSE ${items} END`;
}

/** Returns the SQL of an item without the blanks and quotes around it. */
export function unquoted(item: string): string {
  const isQuoted = `(starts_with(${item}, '"') OR starts_with(${item}, '''') OR starts_with(${item}, ' '))`;
  return `CASE WHEN ${isQuoted} THEN regexp_replace(${trimmed(item)}, '^(?:"(.*)"|''(.*)'')$', '\\1\\2') ELSE ${item} END`;
}

function itemsOf(text: string): string {
  const inner = `substr(${text}, 2, length(${text}) - 2)`;
  const separated = `TRY_CAST('[' || ${inner} || ']' AS VARCHAR[])`;
  const byBlanks = `list_transform(regexp_extract_all(${inner}, ${literal(ITEM_BETWEEN_BLANKS)}), lambda z: ${unquoted('z')})`;
  return `CASE WHEN contains(${text}, ',') THEN ${separated} ELSE ${byBlanks} END`;
}

/**
 * Returns the SQL of a list as Python writes it, without the names of NumPy's types and with the characters that its
 * escapes stand for: `\n`, `\xa0`, `\u200b`. The cast to a list, which knows no escapes but those of backslashes and
 * quotes, would read `\n` as the letter. A JSON text has the same escapes but for `\x` and `\'`.
 */
function fromPython(text: string): string {
  const items = `regexp_replace(${text}, ${literal(NUMPY_ITEM)}, '\\1', 'g')`;
  const kept = `replace(replace(${items}, '\\\\', '${BACKSLASH}'), '\\''', '${QUOTE}')`;
  const escaped = `replace(regexp_replace(${kept}, '\\\\x([0-9a-fA-F]{2})', '\\\\u00\\1', 'g'), '"', '\\"')`;
  const read = bind(
    'json',
    `'"' || ${escaped} || '"'`,
    (json) => `CASE WHEN json_valid(${json}) THEN ${json} ->> '$' END`,
  );
  return `COALESCE(replace(replace(${read}, '${BACKSLASH}', '\\\\'), '${QUOTE}', '\\'''), ${text})`;
}
