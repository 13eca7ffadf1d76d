/** Faults in the scoring protocol: each must be noticed by a test, or a file could end twice, half, or never. */
import type { MutationTable } from './mutation.ts';

const STEPS = 'test/scoring/protocol/protocol.test.ts';
const CRASHES = 'test/scoring/protocol/crashes.test.ts';
const RECONCILE = 'test/scoring/protocol/reconcile.test.ts';
const SHARES = 'test/scoring/protocol/value-shares.test.ts';
const HANDLERS = 'test/scoring/handlers/handlers.test.ts';
const REDRIVE = 'test/scoring/handlers/redrive.test.ts';
const CONDITIONS = 'test/store/conditional-put.test.ts';
const SCHEDULES = 'test/scoring/protocol/interleavings.test.ts';
const ONE_VERSION = 'test/proof/scoring/one-version.test.ts';
const TWO_VERSIONS = 'test/proof/scoring/two-versions.test.ts';
const ONE_GO = 'test/proof/scoring/one-go.test.ts';
const REOPENED = 'test/proof/scoring/reopened.test.ts';

export const PROTOCOL: MutationTable = {
  'lib/store/conditional-put.ts': [
    {
      name: 'a write whose response was lost is taken for that of another writer',
      find: 'return found?.metadata.writer === writer ? found : null;',
      replace: 'return null;',
      tests: [CONDITIONS],
    },
    {
      name: 'the write of another writer is taken for the own one',
      find: 'return found?.metadata.writer === writer ? found : null;',
      replace: 'return found;',
      tests: [CONDITIONS],
    },
    {
      name: 'no write has a condition',
      find: '{ ...condition, metadata',
      replace: '{ metadata',
      tests: [CONDITIONS],
    },
  ],
  'lib/scoring/protocol/plan.ts': [
    {
      name: 'the plan is written without a condition',
      find: 'await putConditionally(dependencies, { key, content: recordText(plan), expected: null })',
      replace: 'await store.put(key, recordText(plan))',
      tests: [ONE_GO],
    },
    {
      name: 'a planner that comes second obeys its own plan',
      find: 'if (await putConditionally(dependencies, { key, content: recordText(plan), expected: null }))',
      replace: 'await putConditionally(dependencies, { key, content: recordText(plan), expected: null });',
      tests: [ONE_GO],
    },
    {
      name: 'a planner that comes second sends nothing',
      find: 'if (!isOwn) return sendShards(dependencies, plan);',
      replace: "if (!isOwn) return { status: 'planned', key, source, rows, shards: shards.length, sent: 0 };",
      tests: [STEPS],
    },
    {
      name: 'a planner that finds a plan sends nothing',
      find: 'if (standing !== null) return sendShards(dependencies, standing);',
      replace: "if (standing !== null) return { status: 'planned', key, source, rows: 0, shards: 0, sent: 0 };",
      tests: [STEPS],
    },
    {
      name: 'a planner plans a file that has an outcome',
      find: 'if (isDecided(outcome)) return',
      replace: 'if (false) return',
      tests: [STEPS],
    },
    {
      name: 'a planner plans a version though a newer one has ended',
      find: 'outcome === undefined && isOver(pointer, file)',
      replace: 'false',
      tests: [STEPS],
    },
    {
      name: 'a planner that finds every receipt does not finish the file',
      find: 'if (missing.length === 0) return',
      replace: 'if (false) return',
      tests: [RECONCILE],
    },
    {
      name: 'a planner sends shards that have a receipt',
      find: '!done.has(index)',
      replace: 'true',
      tests: [STEPS],
    },
  ],
  'lib/scoring/protocol/score.ts': [
    {
      name: 'a part is written without a condition',
      find: 'await putConditionally(dependencies, { ...part, metadata })',
      replace: 'await store.putFile(part.key, scoresPath, { metadata })',
      tests: [STEPS],
    },
    {
      name: 'a scorer that comes second keeps its own counts, not those of the part that stands',
      find: 'return receiptOf(store, winner);',
      replace: 'return receipt;',
      tests: [STEPS],
    },
    {
      name: 'the receipt is written before the part',
      find: 'const metadata = await receiptMetadata(dependencies, file.source, receipt);',
      replace: `const metadata = await receiptMetadata(dependencies, file.source, receipt);
        await putConditionally(dependencies, { key: receiptKey(file.source, shard), content: recordText(receipt), expected: null });`,
      tests: [SCHEDULES],
    },
    {
      name: 'a receipt is written again over the one that stands',
      find: 'await putConditionally(dependencies, { key, content: recordText(receipt), expected: null });',
      replace: 'await dependencies.store.put(key, recordText(receipt));',
      tests: [CRASHES],
    },
    {
      name: 'a shard is scored again though its part is there',
      find: 'part === null ? await scorePart(dependencies, plan, shard) : await receiptOf(store, part)',
      replace: 'await scorePart(dependencies, plan, shard)',
      tests: [STEPS],
    },
    {
      name: 'a long receipt is written nowhere',
      find: 'await putConditionally(dependencies, { key: partKey, content: recordText(receipt), expected: null });',
      replace: '',
      tests: [SHARES],
    },
    {
      name: 'a shard is scored though its file has an outcome',
      find: 'if (isDecided(outcome)) return',
      replace: 'if (false) return',
      tests: [STEPS],
    },
    {
      name: 'the rejected rows are not stored',
      find: 'if (rejectsPath !== null)',
      replace: 'if (false)',
      tests: [STEPS],
    },
  ],
  'lib/scoring/protocol/finish.ts': [
    {
      name: 'a file is finished when one receipt is missing',
      find: 'if (done.size < shards)',
      replace: 'if (done.size < shards - 1)',
      tests: [STEPS],
    },
    {
      name: 'the outcome is written without a condition',
      find: 'await putConditionally(dependencies, { key: outcomeKey(file.source), content: recordText(proposed), expected })',
      replace: 'await store.put(outcomeKey(file.source), recordText(proposed))',
      tests: [ONE_VERSION],
    },
    {
      name: 'a finisher obeys its own outcome, not the one that stands',
      find: 'if (isDecided(stored?.value)) return stored.value;',
      replace: `if (isDecided(stored?.value)) return proposed;`,
      tests: [ONE_GO],
    },
    {
      name: 'a file that was reopened cannot be decided',
      find: 'const expected = stored?.etag ?? null;',
      replace: 'const expected = null;',
      tests: [RECONCILE],
    },
    {
      name: 'an outcome forgets how often the file was reopened',
      find: 'stored?.value.reopened ?? 0',
      replace: '0',
      tests: [RECONCILE],
    },
    {
      name: 'a file succeeds though rows are missing',
      find: 'wrongCounts(plan, receipts) ?? ',
      replace: '',
      tests: [STEPS],
    },
    {
      name: 'a file succeeds though too many rows were rejected',
      find: ' ?? tooManyRejects(plan, manifest)',
      replace: '',
      tests: [STEPS],
    },
  ],
  'lib/scoring/protocol/publish.ts': [
    {
      name: 'the pointer is swapped without If-Match',
      find: 'await putConditionally(writer, { key: pointerKey(file.key), content, expected: pointer?.etag ?? null })',
      replace: 'await writer.store.put(pointerKey(file.key), content)',
      tests: [TWO_VERSIONS],
    },
    {
      name: 'a publisher does not give up where a newer version holds the pointer',
      find: 'compareVersions(pointer.value.file, file) >= 0',
      replace: 'compareVersions(pointer.value.file, file) === 0',
      tests: [STEPS],
    },
    {
      name: 'every publisher takes the folder for empty',
      find: 'return pointer === null;',
      replace: 'return true;',
      tests: [STEPS],
    },
    {
      name: 'parts are copied before the pointer is moved',
      find: 'const isFirst = await',
      replace: `if (outcome.status === 'succeeded')
    for (const [shard, { key }] of outcome.manifest.parts.entries()) await writer.store.copy(workPartKey(file.source, shard), key);
  const isFirst = await`,
      tests: [CRASHES],
    },
    {
      name: 'a publisher does not look again after its own changes, and leaves its parts beside newer ones',
      find: 'if (await show(writer, folder, outcome)) return;',
      replace: 'await show(writer, folder, outcome); return;',
      tests: [ONE_VERSION],
    },
    {
      name: 'the folder is read after the pointer, not before',
      find: `const folder = await readFolder(writer, key);
    const outcome = await pointedOutcome(writer, key);`,
      replace: `const outcome = await pointedOutcome(writer, key);
    const folder = await readFolder(writer, key);`,
      tests: [TWO_VERSIONS],
    },
    {
      name: '_SUCCESS of an older version stays while newer parts are copied',
      find: 'if (folder.success !== null && !isComplete)',
      replace: 'if (false)',
      tests: [CRASHES],
    },
    {
      name: 'the manifest is swapped without If-Match',
      find: 'await putConditionally(writer, { key: scoresManifestKey(file.key), content, expected })',
      replace: 'await store.put(scoresManifestKey(file.key), content)',
      tests: [TWO_VERSIONS],
    },
    {
      name: '_SUCCESS is written before the manifest',
      find: 'const content = recordText(manifest);',
      replace: `await store.put(successKey(file.key), file.source);
    const content = recordText(manifest);`,
      tests: [CRASHES],
    },
    {
      name: "the older version's parts are deleted before its manifest is replaced",
      find: 'const content = recordText(manifest);',
      replace: `for (const key of foreignParts(folder, manifest)) await store.delete(key);
    const content = recordText(manifest);`,
      tests: [CRASHES],
    },
    {
      name: 'the parts of an older version are not deleted',
      find: 'await mapAtOnce(foreignParts(folder, manifest), (key) => store.delete(key));',
      replace: '',
      tests: [STEPS],
    },
    {
      name: 'parts of a version that was overtaken count as shown',
      find: 'foreignParts(folder, outcome.manifest).length === 0',
      replace: 'true',
      tests: [TWO_VERSIONS],
    },
    {
      name: 'a manifest counts as shown though parts are missing',
      find: 'return manifest.parts.every(({ key }) => present.has(key));',
      replace: 'return true;',
      tests: [STEPS],
    },
    {
      name: '_FAILED.json of an older version stays beside newer scores',
      find: 'if (folder.failure !== null) await store.delete(failureKey(file.key));',
      replace: '',
      tests: [STEPS],
    },
    {
      name: '_SUCCESS is written without a look at the pointer',
      find: 'if (!(await isPointedAt(writer, file))) return false;',
      replace: '',
      tests: [STEPS],
    },
    {
      name: '_SUCCESS is written over that of another version',
      find: '(await putConditionally(writer, success)) !== null',
      replace: '(await store.put(success.key, success.content)) !== null',
      tests: [STEPS],
    },
    {
      name: 'a publisher does not look at the pointer after its own _SUCCESS',
      find: '!== null && (await isPointedAt(writer, file));',
      replace: '!== null;',
      tests: [TWO_VERSIONS],
    },
    {
      name: 'a version that fails leaves the _SUCCESS of an older one',
      find: 'if (folder.success !== null) await writer.store.delete(successKey(file.key));',
      replace: '',
      tests: [STEPS],
    },
    {
      name: '_FAILED.json is written without a condition',
      find: 'await putConditionally(writer, { key: failureKey(file.key), content: recordText(failure), expected });',
      replace: 'await writer.store.put(failureKey(file.key), recordText(failure));',
      tests: [STEPS],
    },
    {
      name: 'a reopened file keeps its _FAILED.json',
      find: 'if (folder.failure !== null) await store.delete(failureKey(key));',
      replace: '',
      tests: [RECONCILE],
    },
  ],
  'lib/scoring/protocol/reconcile.ts': [
    {
      name: 'reconcile marks a file before it sends its shards',
      find: 'await sendShards(dependencies, plan);',
      replace: `await dependencies.store.put(key, '{}');
  await sendShards(dependencies, plan);`,
      tests: [RECONCILE],
    },
    {
      name: 'reconcile sends the shards of a file that is decided',
      find: 'if (isDecided(outcome)) return null;',
      replace: '',
      tests: [RECONCILE],
    },
    {
      name: 'reconcile fails an old file of which no shard is dead',
      find: 'if (await resendOnce(dependencies, planned)) resent.push(source);',
      replace:
        "await failFile(dependencies, planned.plan.file, { reason: 'retries_exhausted', message: '', details: {} });",
      tests: [RECONCILE],
    },
    {
      name: 'reconcile fails a planned file whose arrival is dead',
      find: 'if (planned !== null) await resendOnce(dependencies, planned);',
      replace: 'if (false) await resendOnce(dependencies, planned);',
      tests: [RECONCILE],
    },
    {
      name: 'reconcile sends the shards of a young plan',
      find: ' || since.getTime() > openBefore',
      replace: '',
      tests: [RECONCILE],
    },
    {
      name: 'reconcile sends the shards every time',
      find: 'if ((await dependencies.store.head(key)) !== null) return false;',
      replace: '',
      tests: [RECONCILE],
    },
    {
      name: 'reconcile sends the shards of a file that was reopened only if it never did before',
      find: 'resentKey(plan.file.source, outcome?.reopened ?? 0)',
      replace: 'resentKey(plan.file.source, 0)',
      tests: [RECONCILE],
    },
    {
      name: 'reconcile counts the age of a reopened file from its plan',
      find: 'outcome?.reopenedAt ?? plan.plannedAt',
      replace: 'plan.plannedAt',
      tests: [RECONCILE],
    },
    {
      name: 'a record that cannot be read keeps all other files waiting',
      find: 'if (!(error instanceof MessageError || error instanceof ScoringError)) throw error;',
      replace: 'throw error;',
      tests: [RECONCILE],
    },
  ],
  'lib/scoring/protocol/redrive.ts': [
    {
      name: 'redriving leaves _FAILED.json',
      find: "await publish(dependencies, status === 'failed' ? open : stored.value);",
      replace: '',
      tests: [RECONCILE],
    },
    {
      name: 'redriving reopens a file that has succeeded meanwhile',
      find: 'await putConditionally(dependencies, put)',
      replace: 'await dependencies.store.put(put.key, put.content)',
      tests: [RECONCILE],
    },
    {
      name: 'redriving does not mark the file for reconcile',
      find: 'await putConditionally(dependencies, { key: reopenedKey(source), content: mark, expected: null });',
      replace: '',
      tests: [RECONCILE],
    },
    {
      name: 'redriving a file that was reopened before does not let it arrive',
      find: 'await dependencies.arrivals.send',
      replace: "if (status === 'failed') await dependencies.arrivals.send",
      tests: [REOPENED],
    },
  ],
  'lib/scoring/handlers/each-message.ts': [
    {
      name: 'a message is acknowledged before its work is done',
      find: '...(await handle(body))',
      replace: '...(await Promise.race([handle(body), Promise.resolve({})]))',
      tests: [HANDLERS],
    },
    {
      name: 'a message whose work failed is acknowledged',
      find: 'throw error;',
      replace: '',
      tests: [HANDLERS],
    },
  ],
  'lib/scoring/handlers/redrive.ts': [
    {
      name: 'a dead letter is removed though its file could not be reopened',
      find: 'await redriveFile({ ...dependencies, arrivals: queues.arrivals }, source);',
      replace: 'await redriveFile({ ...dependencies, arrivals: queues.arrivals }, source).catch(() => null);',
      tests: [REDRIVE],
    },
    {
      name: 'a dead letter of an open file is removed and not sent again',
      find: "if (status === 'open') await queues[queue].send([body]);",
      replace: '',
      tests: [REDRIVE],
    },
  ],
};
