import type { BatchHandler } from '../../queue/in-process-queue.ts';
import { parseArrivals } from '../protocol/events.ts';
import { type PlanResult, planFile } from '../protocol/plan.ts';
import type { Logger, PlanDependencies } from '../protocol/ports.ts';
import { eachMessage } from './each-message.ts';

/** Handles messages of the arrivals queue: plans each candidate file that S3 names, and scores it where it is small. */
export function planShardsHandler(dependencies: PlanDependencies & { readonly log: Logger }): BatchHandler {
  return eachMessage(dependencies.log, 'arrival', async (body) => {
    const files: PlanResult[] = [];
    for (const arrival of parseArrivals(body)) files.push(await planFile(dependencies, arrival));
    return { files };
  });
}
