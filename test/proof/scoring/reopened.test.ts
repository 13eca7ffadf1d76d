/** The search of `one-version.test.ts`, where a person reopens a file. */
import { describe, expect, it } from 'vitest';
import type { FileVersion } from '../../../lib/scoring/protocol/keys.ts';
import { redriveFile } from '../../../lib/scoring/protocol/redrive.ts';
import { checkFolder, checkShown, checkWhole, outcomeOf, see } from '../../scoring/world/invariants.ts';
import { directTools, drain, planWork, runToPlan, runWhole } from '../../scoring/world/steps.ts';
import { fakeFiles, putCandidate, SHARD } from '../../scoring/world/world.ts';
import { explore } from './explore.ts';
import { deadLetterWork } from './scenarios.ts';

describe('a file that is reopened while it fails', () => {
  it('is open or failed, and succeeds when it is tried again, in every schedule', async () => {
    let file: FileVersion;
    const endings = new Set<string>();
    await explore({
      kills: 1,
      // The process that reopens a file sends its arrival after the publication.
      endsWithPublication: false,
      async setUp(store) {
        await runWhole(store, await putCandidate(store, 1), SHARD);
        file = await putCandidate(store, 2);
        await runToPlan(store, file, SHARD);
        return [deadLetterWork(file), (tools) => redriveFile({ ...tools, arrivals: tools.shards }, file.source)];
      },
      atEveryInstant: checkFolder,
      async atTheEnd(store, sent) {
        const status = outcomeOf(store, file.source)?.status ?? 'open';
        endings.add(status);
        if (status === 'failed') checkShown(store, file.source, 'failed');
        else {
          expect(status).toBe('reopened');
          expect(see(store)).toMatchObject({ success: null, failure: null });
          expect(sent).not.toEqual([]);
        }
        const tools = directTools(store);
        await redriveFile({ ...tools, arrivals: tools.shards }, file.source);
        tools.shards.bodies.length = 0;
        await planWork(file, fakeFiles(SHARD))(tools);
        await drain(store, tools.shards.bodies, fakeFiles(SHARD));
        checkWhole(store, file, SHARD);
      },
    });
    expect([...endings].sort()).toEqual(['failed', 'reopened']);
  });
});
