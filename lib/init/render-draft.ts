/** Writes a draft as the text of a declaration, in which a comment has the reason of each guess. */
import { count, percent } from '../numbers/text.ts';
import type { Draft, FeatureDraft, LeftOutColumn, StageDraft } from './draft.ts';

/** Columns at which the comments of a section stand, at most. */
const WIDEST = 78;

/** Returns the text of the declaration. */
export function renderDraft(draft: Draft): string {
  const { name, source, rows, sampledRows, stages, tables, features, leftOut } = draft;
  const measured = sampledRows < rows ? `, figures of a sample of ${count(sampledRows)}` : '';
  const sections = [
    [
      '# yaml-language-server: $schema=node_modules/entirespace/lib/config/entirespace.schema.json',
      `# Written by entirespace init from ${oneLine(source)}: ${count(rows)} rows${measured}. Every guess has its reason beside it.`,
      `name: ${name}`,
    ],
    ['stages:', ...aligned(stages.map(stageLine))],
    ['log:', ...aligned(logLines(draft))],
    splitLines(draft),
    draft.decimalComma ? ['csv: { decimal: "," }'] : [],
    entityLines(draft),
    tables.length === 0
      ? []
      : [
          'embeddings:',
          ...aligned(tables.map((table) => [`  ${table.name}: ${flow(table.members)}`, table.why] as const)),
        ],
    ['features:', ...aligned(features.map(featureLine))],
    [
      ...(draft.model === null ? [] : [`# ${draft.model.why}.`, `model: ${draft.model.text}`]),
      ...(draft.training === null ? [] : [`# ${draft.training.why}.`, `training: ${draft.training.text}`]),
    ],
    leftOut.length === 0 ? [] : ['# Left out:', ...leftOut.map(leftOutLine)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

type Line = readonly [text: string, comment: string];

function stageLine(
  { name, label, from, inconsistent, ones, before }: StageDraft,
  index: number,
  all: readonly StageDraft[],
): Line {
  const previous = all[index - 1]?.name ?? null;
  const members = {
    label: scalar(label),
    ...(from === previous ? {} : { from: from ?? 'impression' }),
    ...(inconsistent === 0 ? {} : { inconsistent: 'and' }),
    ...(inconsistent > 0.005
      ? { max_inconsistent: String(Math.min(1, Number((2 * inconsistent).toPrecision(2)))) }
      : {}),
  };
  const share = `${count(ones)} rows, ${percent(ones / before)} of ${from === null ? 'all' : from}`;
  const contradicts =
    inconsistent === 0 ? '' : `; ${percent(inconsistent)} of all rows have it without ${from}: it counts as 0 there`;
  return [`  ${name}: ${flow(members)}`, `${share}${contradicts}`];
}

function logLines({ keys, keysWhy, time, group, outcomes, maxRejected }: Draft): Line[] {
  return [
    [`  keys: [${keys.map(scalar).join(', ')}]`, keysWhy],
    ...(time === null ? [] : [[`  time: ${scalar(time.column)}`, time.why] as const]),
    ...(group === null ? [] : [[`  group: ${scalar(group.column)}`, group.why] as const]),
    ...(maxRejected === null ? [] : [[`  max_rejected: ${maxRejected.share}`, maxRejected.why] as const]),
    ...(outcomes.length === 0 ? [] : [['  outcomes:', 'known only after the impression: never features'] as const]),
    ...outcomes.map(({ column, why }): Line => [`    - ${scalar(column)}`, why]),
  ];
}

function splitLines({ split, keys }: Draft): string[] {
  if (split === null) return [];
  const text = split.text === 'keys' ? `{ hash: [${keys.map(scalar).join(', ')}] }` : split.text;
  return aligned([[`split: ${text}`, split.why]]);
}

function entityLines({ entities: { user, item } }: Draft): string[] {
  const tables = [
    ...(user === null ? [] : [`user: { key: ${scalar(user)} }`]),
    ...(item === null ? [] : [`item: { key: ${scalar(item)} }`]),
  ];
  return tables.length === 0
    ? []
    : [`# For candidates that hold ids alone (entirespace features): entities: { ${tables.join(', ')} }`];
}

function featureLine({ name, column, type, entity, members, why }: FeatureDraft): Line {
  const all = { ...(name === column ? {} : { column: scalar(column) }), type, entity, ...members };
  return [`  ${name}: ${flow(all)}`, why];
}

function leftOutLine({ column, why }: LeftOutColumn): string {
  return `#   ${oneLine(column)}: ${oneLine(why)}`;
}

function flow(members: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(members)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }`;
}

/** Lines whose comments begin at one column, as far as they are not longer than most. */
function aligned(lines: readonly Line[]): string[] {
  const width = Math.min(WIDEST, Math.max(0, ...lines.map(([text]) => text.length)));
  return lines.map(([text, comment]) => (comment === '' ? text : `${text.padEnd(width)}  # ${oneLine(comment)}`));
}

/** Text without line ends and other control characters, which would end a comment. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\ufeff]+/gu, ' ');
}

/** Words of YAML that are no text by themselves. */
const WORDS = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

/** Returns a text as a scalar of YAML: as it is, or in double quotes. */
export function scalar(text: string): string {
  return /^[A-Za-z_][\w-]*( [\w-]+)*$/.test(text) && !WORDS.test(text) ? text : JSON.stringify(text);
}
