import type { Mistake } from '../declaration-error.ts';
import { evaluate, type Fault } from '../expression/evaluate.ts';
import { constantsIn, type NameNode, namesIn } from '../expression/names.ts';
import { ExpressionError, type ExpressionNode, parseExpression } from '../expression/parse.ts';
import { featureKind } from '../features/kinds.ts';
import { sameColumn, unknownName } from '../names.ts';
import { nearest } from '../nearest.ts';
import { resolveOutputs } from '../resolve/outputs.ts';
import { resolveRoles, resolveStages } from '../resolve/resolve-stages.ts';
import type { Draft } from '../schema/draft.ts';

/** Names that only outputs have, whichever of them there are. */
const OUTPUT = /^(pctr|pcvr|pctcvr|p_.*)$/i;

const FAULTS: Readonly<Record<Fault, string>> = {
  division_by_zero: 'divides by zero',
  out_of_domain: 'has no value',
  overflow: 'is too large for a double',
  operand_missing: 'is missing',
};

/** Checks the expression of `scoring.score`, its names and its constant parts, and what rows are ranked by. */
export function checkScoring(draft: Draft): readonly Mistake[] {
  const { scoring } = draft.file;
  if (scoring === undefined || !draft.isSound('stages') || !draft.isSound('root') || !draft.isSound('roles')) return [];
  const outputs = outputsOf(draft);
  return [...checkScore(draft, scoring.score, outputs), ...checkRank(draft, outputs)];
}

function outputsOf({ file }: Draft): string[] {
  const { stages = {}, root = 'impression', roles } = file;
  const resolved = resolveStages(stages, root);
  return resolveOutputs(root, resolved, resolveRoles(roles, resolved, root)).map(({ name }) => name);
}

function checkScore(draft: Draft, text: string | null, outputs: readonly string[]): readonly Mistake[] {
  if (text === null) return [];
  const path = ['scoring', 'score'];
  const parsed = parsedOr(text);
  if (typeof parsed === 'string') return [{ path, message: parsed }];
  const names = namesIn(parsed);
  if (names.length === 0) return [{ path, message: `got ${text}, expected an output or a column in it` }];
  const messages = [
    ...names.flatMap((name) => checkName(draft, name, outputs)),
    ...constantsIn(parsed).flatMap((constant) => checkConstant(text, constant)),
    ...zeroDivisions(parsed).map((division) => `${excerpt(text, division)} ${FAULTS.division_by_zero}`),
  ];
  return messages.map((message) => ({ path, message }));
}

function parsedOr(text: string): ExpressionNode | string {
  try {
    return parseExpression(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}

/**
 * A name without quotes that is nearly an output's, and not that of a feature's column or a key, is more likely a typing
 * error than a column.
 */
function checkName(draft: Draft, { name, isQuoted, start }: NameNode, outputs: readonly string[]): string[] {
  if (isQuoted && outputs.includes(name))
    return [`at character ${start + 1}, got "${name}", the name of an output, expected another column, or no quotes`];
  if (isQuoted || outputs.includes(name) || knownColumns(draft).some((column) => sameColumn(column, name))) return [];
  const at = `at character ${start + 1}, `;
  if (OUTPUT.test(name)) return [`${at}${unknownName('output', name, outputs)}`];
  if (name.toLowerCase() === 'score') return [`${at}got score, which is what the expression gives, expected a column`];
  const meant = nearest(name.toLowerCase(), outputs);
  if (meant === undefined || meant.charAt(0) !== name.charAt(0).toLowerCase()) return [];
  return [`${at}no output ${name}, did you mean ${meant}? a column of that name is written "${name}", in quotes`];
}

function knownColumns({ file: { log, entities, features = {} } }: Draft): string[] {
  return [
    ...(log?.keys ?? []),
    ...Object.values(entities ?? {}).map(({ key }) => key),
    ...Object.entries(features).flatMap(([name, feature]) =>
      featureKind(feature)
        .columns(name, feature)
        .map(({ column }) => column),
    ),
  ];
}

function checkConstant(text: string, constant: ExpressionNode): string[] {
  const [fault] = evaluate(constant, {}, 1).faults;
  if (fault === undefined) return [];
  return [`${excerpt(text, fault.node)} ${FAULTS[fault.fault]}`];
}

/** Returns the divisions of outputs or columns by a constant that is zero. */
function zeroDivisions(node: ExpressionNode): ExpressionNode[] {
  if (node.kind !== 'call' || namesIn(node).length === 0) return [];
  const [, divisor] = node.operands;
  const isByZero =
    node.operation === '/' &&
    divisor !== undefined &&
    namesIn(divisor).length === 0 &&
    evaluate(divisor, {}, 1).values[0] === 0;
  return [...(isByZero ? [node] : []), ...node.operands.flatMap(zeroDivisions)];
}

function excerpt(text: string, { start, end }: ExpressionNode): string {
  return `at character ${start + 1}, ${text.slice(start, end)}`;
}

function checkRank({ file: { scoring } }: Draft, outputs: readonly string[]): readonly Mistake[] {
  const { rank = null, score = null } = scoring ?? {};
  if (rank === null) return [];
  const known = [...(score === null ? [] : ['score']), ...outputs];
  const repeated = rank.within.find((column, i) => rank.within.slice(0, i).some((other) => sameColumn(other, column)));
  return [
    ...(known.includes(rank.by)
      ? []
      : [
          {
            path: ['scoring', 'rank', 'by'],
            message:
              rank.by === 'score'
                ? `got score, expected scoring.score, or an output: ${outputs.join(', ')}`
                : unknownName('output', rank.by, known),
          },
        ]),
    ...(repeated === undefined
      ? []
      : [{ path: ['scoring', 'rank', 'within'], message: `got ${repeated} twice, expected it once` }]),
  ];
}
