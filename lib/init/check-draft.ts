/** Checks a draft on its log, as `validate` would, and mends what that finds. */
import type { Declaration } from '../config/declaration.ts';
import { parseDeclaration } from '../config/parse-declaration.ts';
import { count, fixed, listed, percent } from '../numbers/text.ts';
import { checkLog } from '../table/check/log.ts';
import type { Database } from '../table/database.ts';
import { unknownShares } from '../table/encode/value-counts.ts';
import { DataError } from '../table/errors.ts';
import { LEAK_AUC } from '../table/fit/suspicious.ts';
import { type LogReport, validateLog } from '../table/fit/validate.ts';
import type { Source } from '../table/source/source.ts';
import type { Draft, LeftOutColumn, SectionDraft } from './draft.ts';
import { renderDraft, scalar } from './render-draft.ts';

/** How much larger than the share of bad rows the declared limit is. */
const ROOM = 2;
/** Positives of each label that the last rows need, so that a model can be judged by them. */
const FEWEST_POSITIVES = 30;

/** Returns a draft without what would keep a model of it from being trained, published and used. */
export async function checkDraft(database: Database, opened: Source, draft: Draft): Promise<Draft> {
  const source = draft.decimalComma ? withDecimalComma(opened) : opened;
  const [report, tried] = await reportOf(database, source, draft);
  const { suspicious, rejected, rejectedByReason, missing, parts } = report.summary;
  const declaration = declarationOf(tried);
  const leaks = new Map(
    suspicious
      .filter(({ auc }) => auc > LEAK_AUC)
      .map(({ feature, stage, auc }) => [feature, `alone tells ${stage} with an AUC of ${fixed(auc, 3)}`]),
  );
  const hints = new Map(
    suspicious.map(({ feature, stage, auc }) => [
      feature,
      `alone tells ${stage} with an AUC of ${fixed(auc, 3)}: known before the impression?`,
    ]),
  );
  const unknown = new Map(
    Object.entries(unknownShares(report.heldOut.test))
      .filter(([, share]) => share > declaration.gate.maxUnknown)
      .map(([feature, share]) => [feature, `${percent(share)} of the values in the last rows are new`]),
  );
  const useless = (feature: string) =>
    unknown.get(feature) ?? (missing[feature] === parts.train.rows ? 'no training row has a value' : undefined);
  const outcomes: LeftOutColumn[] = [];
  const leftOut: LeftOutColumn[] = [];
  const features = draft.features.flatMap((feature) => {
    const [leak, reason] = [leaks.get(feature.name), useless(feature.name)];
    if (leak !== undefined) outcomes.push({ column: feature.column, why: leak });
    else if (reason !== undefined) leftOut.push({ column: feature.column, why: reason });
    else {
      const hint = hints.get(feature.name);
      return [hint === undefined ? feature : { ...feature, why: `${feature.why}; ${hint}` }];
    }
    return [];
  });
  if (features.length === 0)
    throw new DataError(
      'columns_missing',
      `no feature left: ${listed(
        [...outcomes, ...leftOut, ...draft.leftOut].map(({ column, why }) => `${column} (${why})`),
        '; ',
      )} (in ${source.path})`,
    );
  return {
    ...tried,
    outcomes: [...draft.outcomes, ...outcomes],
    leftOut: [...draft.leftOut, ...leftOut],
    features,
    tables: draft.tables.filter(({ name }) => features.some(({ members }) => members.embedding === name)),
    maxRejected:
      rejected === 0
        ? null
        : {
            share: Math.min(1, Number(((ROOM * rejected) / source.rows).toPrecision(2))),
            why: Object.entries(rejectedByReason)
              .map(([reason, rows]) => `${reason} in ${count(rows)} rows`)
              .join(', '),
          },
  };
}

/** Reports on the log; where the rows of a split by time have no label to learn or judge by, with a split by a hash. */
async function reportOf(database: Database, source: Source, draft: Draft): Promise<[LogReport, Draft]> {
  const tolerant = (declared: Declaration): Declaration => ({
    ...declared,
    log: { ...declared.log, maxRejected: 1 },
    stages: declared.stages.map((stage) => ({ ...stage, maxInconsistent: 1 })),
  });
  const report = async (tried: Draft) =>
    validateLog(database, await checkLog(database, source, tolerant(declarationOf(tried))));
  const byHash: Draft = { ...draft, split: hashSplit(draft) };
  if (draft.time === null || draft.split !== null) return [await report(draft), draft];
  try {
    const found = await report(draft);
    const isJudged = Object.values(found.summary.parts.test.labels).every(
      ({ positives }) => positives >= FEWEST_POSITIVES,
    );
    return isJudged ? [found, draft] : [await report(byHash), byHash];
  } catch (error) {
    if (error instanceof DataError && error.code === 'one_class') return [await report(byHash), byHash];
    throw error;
  }
}

function withDecimalComma(source: Source): Source {
  return { ...source, relation: { ...source.relation, texts: { ...source.relation.texts, decimal: ',' } } };
}

/** Whole groups are held out where no feature knows them, as sessions; else single rows. */
function hashSplit({ group, features }: Draft): SectionDraft {
  const isKnown = group === null || features.some(({ column }) => column === group.column);
  const [text, held] = isKnown
    ? ['keys', 'rows']
    : [`{ hash: ${scalar(group.column)} }`, `whole values of ${group.column}`];
  return {
    text,
    why: `the last tenth has under ${FEWEST_POSITIVES} positives of a label to judge by: ${held} are held out by a hash`,
  };
}

function declarationOf(draft: Draft): Declaration {
  return parseDeclaration(renderDraft(draft), 'entirespace.yaml');
}
