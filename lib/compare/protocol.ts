/** The protocol of arXiv 1804.07931: which rows train, and which are tested on. */
import type { Declaration, Roles } from '../config/declaration.ts';

/** Share of the rows, in order of time, that are tested on, and that are validated on before them. */
const TEST_SHARE = 0.5;
const VALIDATION_SHARE = 0.1;

/** How the rows of a comparison are divided. */
export type Protocol = 'halves of time' | 'declared split';

/**
 * Returns a declaration by the protocol: its split is by the halves of time or, without a time, its own. It has no
 * calibration, which would be fitted to the rows that settings are chosen by, and an engine of which one thread always
 * computes the same.
 */
export function comparedDeclaration(declared: Declaration): Declaration {
  const training = { ...declared.training, calibration: 'none', engine: 'onnxruntime' } as const;
  const declaration = { ...declared, training };
  if (protocolOf(declaration) === 'declared split') return declaration;
  const split = { by: 'time', validation: { share: VALIDATION_SHARE }, test: { share: TEST_SHARE } } as const;
  return { ...declaration, split };
}

/** Returns the protocol that a declaration's log allows. */
export function protocolOf({ log }: Pick<Declaration, 'log'>): Protocol {
  return log.time === null ? 'declared split' : 'halves of time';
}

/** What each protocol means. */
export const PROTOCOL_TEXTS: Readonly<Record<Protocol, string>> = {
  'halves of time': 'the first half of the log by time trains, its last fifth validates, the second half tests',
  'declared split': 'the declared split, because the log has no time column (log.time)',
};

/** Thrown where models of a declaration, or on a log, cannot be compared. */
export class NotComparableError extends Error {
  override readonly name = 'NotComparableError';
}

/**
 * Returns the stages that are impression, click and conversion.
 * @throws {NotComparableError} where no stages have these roles, or the click or the conversion has no label.
 */
export function comparedRoles({ roles, stages }: Pick<Declaration, 'roles' | 'stages'>): Roles {
  if (roles === null)
    throw new NotComparableError('roles: got none, expected the stages that are impression, click and conversion');
  const labels = stages.filter(({ label }) => label !== null).map(({ name }) => name);
  for (const stage of [roles.click, roles.conversion])
    if (!labels.includes(stage))
      throw new NotComparableError(`stages.${stage}: got no label, expected one to compare by`);
  return roles;
}
