/** What the gate takes from before a decision: earlier decisions, and what two declarations have in common. */
import type { Declaration } from '../config/declaration.ts';
import { latestDecisions } from '../registry/decisions.ts';
import type { Store } from '../store/store.ts';
import type { Guard } from './guards/guard.ts';
import type { EarlierDecision } from './guards/lasting.ts';

/** Most decisions that are looked at; a change that lasts shows in a few. */
const MOST_DECISIONS = 100;

/** The gate's decisions against a champion since it became the current version, the latest first. */
export async function earlierDecisions(store: Store, name: string, champion: string): Promise<EarlierDecision[]> {
  const found: EarlierDecision[] = [];
  let read = 0;
  for await (const decision of latestDecisions(store, name)) {
    if (decision.by === 'gate' && decision.champion !== champion) break;
    if (decision.by === 'gate' && decision.figures !== null) {
      const { guards, rows } = decision.figures;
      // Without guards nothing was looked at: the rows could not be compared, or there were none.
      if (Array.isArray(guards) && guards.length > 0)
        found.push({ guards: guards as unknown as readonly Guard[], rows: Number(rows) });
    }
    if (++read === MOST_DECISIONS) break;
  }
  return found;
}

/** Features whose shares of unknown values two declarations count alike: by the same ids, and the same split. */
export function countedAlike(champion: Declaration, challenger: Declaration): ReadonlySet<string> {
  if (JSON.stringify(champion.split) !== JSON.stringify(challenger.split)) return new Set();
  const idsOf = ({ features, embeddings }: Declaration) =>
    new Map(
      features.map(({ name, embedding }) => [
        name,
        JSON.stringify(embeddings.find((table) => table.name === embedding)?.ids),
      ]),
    );
  const before = idsOf(champion);
  return new Set([...idsOf(challenger)].filter(([name, ids]) => before.get(name) === ids).map(([name]) => name));
}
