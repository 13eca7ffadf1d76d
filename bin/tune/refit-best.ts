/** Trains the best trial's settings once more, on training and validation rows, and publishes the version. */
import { parseDeclaration } from '../../lib/config/parse-declaration.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { formatMetricsTable } from '../../lib/evaluation/metrics-table.ts';
import { promotes } from '../../lib/gate/verdict.ts';
import { countOf } from '../../lib/numbers/text.ts';
import { epochsOfTrial, refitDeclaration } from '../../lib/tune/refit.ts';
import type { Trial } from '../../lib/tune/trial.ts';
import type { Session } from '../terminal/exit.ts';
import { formatDecision } from '../terminal/gate-text.ts';
import type { Project } from '../training/read-project.ts';
import { type TrainAndPublishOptions, trainAndPublish } from '../training/train-and-publish.ts';

export interface RefitOptions extends Omit<TrainAndPublishOptions, 'epochsOf'> {
  readonly project: Project;
}

export interface Refit {
  readonly published: { readonly name: string; readonly version: string; readonly isCurrent: boolean };
  /** What to print of it. */
  readonly lines: readonly string[];
  readonly code: ExitCode;
}

export async function refit({ project, ...options }: RefitOptions, best: Trial, session: Session): Promise<Refit> {
  const text = refitDeclaration(project.text, project.declaration, best);
  const declaration = parseDeclaration(text, options.declaration);
  const { name, version, trained, decision } = await trainAndPublish(
    { ...options, project: { ...project, text, declaration }, epochsOf: epochsOfTrial(best) },
    session,
  );
  const isCurrent = decision !== null && promotes(decision);
  return {
    published: { name, version, isCurrent },
    lines: [
      `refit on ${countOf(trained.summary.parts.train.rows, 'row')}:`,
      formatMetricsTable(trained.metrics),
      ...(decision === null ? [] : [formatDecision(decision)]),
      `published ${name} ${version}${isCurrent ? ', now the current version' : ''} (in ${options.bucket})`,
    ],
    code: decision === null || isCurrent ? EXIT_CODES.success : EXIT_CODES['not promoted'],
  };
}
