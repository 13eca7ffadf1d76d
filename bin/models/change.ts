/** The subcommands of `entirespace models` that change which versions there are, and which is in use. */
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import type { Session } from '../terminal/exit.ts';
import { printError, printResult } from '../terminal/io.ts';
import { formatCurrent, formatPassedOver, formatPruned } from '../terminal/models-text.ts';

/** Options of every subcommand. */
export interface ModelsOptions extends EndpointOptions {
  readonly bucket: string;
  readonly model?: string;
  readonly json: boolean;
}

/** The option of those that are recorded with a reason. */
export interface ReasonOption {
  readonly reason: string;
}

/** Options of `promote`. */
export interface PromoteOptions extends ModelsOptions, ReasonOption {
  readonly force: boolean;
}

/** Options of `rollback`. */
export interface RollbackOptions extends ModelsOptions, ReasonOption {
  readonly pin: boolean;
}

/** Options of `prune`. */
export interface PruneOptions extends ModelsOptions {
  readonly keep: number;
  readonly dryRun: boolean;
}

/** Makes a version the current one. */
export async function promote(version: string, options: PromoteOptions, { io }: Session): Promise<ExitCode> {
  const { promoteByHand } = await import('../../lib/registry/by-hand.ts');
  const { store, name } = await modelToChange(options, io);
  const { force: isForced, reason, json } = options;
  const { current, damage } = await promoteByHand(store, name, version, { isForced, reason, at: await store.now() });
  if (damage !== null && !json)
    printError(io, `current.json is written anew, without pin and earlier versions; it was damaged: ${damage}`);
  printResult(io, json, { name, ...current, ...(damage === null ? {} : { damage }) }, formatCurrent(name, current));
  return EXIT_CODES.success;
}

/** Makes the version before the current one the current one, and pins it. */
export async function rollback(options: RollbackOptions, { io }: Session): Promise<ExitCode> {
  const { rollBackByHand } = await import('../../lib/registry/by-hand.ts');
  const { store, name } = await modelToChange(options, io);
  const { pin: pinned, reason } = options;
  const { current, passedOver } = await rollBackByHand(store, name, { pinned, reason, at: await store.now() });
  const next = pinned ? [] : ['not pinned: the next training run may promote its version (entirespace models pin)'];
  const text = [...formatPassedOver(passedOver), formatCurrent(name, current, ' again'), ...next].join('\n');
  printResult(io, options.json, { name, ...current, passedOver }, text);
  return EXIT_CODES.success;
}

/** Keeps a version current. */
export async function pin(
  version: string | undefined,
  options: ModelsOptions & ReasonOption,
  { io }: Session,
): Promise<ExitCode> {
  const { pinByHand } = await import('../../lib/registry/by-hand.ts');
  const { requireCurrent } = await import('../chosen-model.ts');
  const { store, name } = await modelToChange(options, io);
  const { reason, json } = options;
  const pinned = version ?? (await requireCurrent(store, name));
  const { current, before } = await pinByHand(store, name, pinned, { reason, at: await store.now() });
  const instead = before !== null && before.version !== pinned ? ` now, instead of ${before.version}` : '';
  printResult(io, json, { name, ...current }, formatCurrent(name, current, instead));
  return EXIT_CODES.success;
}

/** Lets training runs promote again. */
export async function unpin(options: ModelsOptions & ReasonOption, { io }: Session): Promise<ExitCode> {
  const { unpinByHand } = await import('../../lib/registry/by-hand.ts');
  const { store, name } = await modelToChange(options, io);
  const { current, before, held } = await unpinByHand(store, name, { reason: options.reason, at: await store.now() });
  const text =
    before?.pin === undefined
      ? `${name} is not pinned, ${current.version} is its current version`
      : `${name} ${current.version} is pinned no more: the next training run may promote its version${held === null ? '' : `, and entirespace models promote ${held} promotes the one that was held last`}`;
  printResult(io, options.json, { name, ...current, held }, text);
  return EXIT_CODES.success;
}

/** Removes old versions. */
export async function prune(options: PruneOptions, { io }: Session): Promise<ExitCode> {
  const { pruneVersions } = await import('../../lib/registry/prune.ts');
  const { plannedVersions } = await import('../../lib/scoring/protocol/planned-versions.ts');
  const { store, name } = await modelToChange(options, io);
  const { keep, dryRun: isDryRun, json } = options;
  const needed = await plannedVersions(store, name);
  const pruned = await pruneVersions(store, name, { keep, needed, at: await store.now(), isDryRun });
  printResult(io, json, { name, dryRun: isDryRun, ...pruned }, formatPruned(name, pruned, isDryRun));
  return EXIT_CODES.success;
}

async function modelToChange(options: ModelsOptions, io: Session['io']) {
  const { chosenModel } = await import('../chosen-model.ts');
  const store = await openBucket(io, options.bucket, 'write', options);
  return { store, name: await chosenModel(store, options.model) };
}
