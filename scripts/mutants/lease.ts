/** Faults in the training lease and in promotions: each must be noticed by a test, or two runs could promote. */
import type { MutationTable } from './mutation.ts';

const LEASE_TESTS = 'test/registry/lease.test.ts';
const CURRENT = 'test/registry/current.test.ts';
const DECISIONS = 'test/registry/decisions.test.ts';
const PUBLISH = 'test/registry/publish.test.ts';
const SETTLE = 'test/gate/settle.test.ts';
const RUN = 'test/training-task/run.test.ts';

export const LEASE: MutationTable = {
  'lib/registry/lease.ts': [
    {
      name: 'the lease is taken without a condition',
      find: 'const etag = await swap(store, name, record, held?.etag ?? null);',
      replace: 'const { etag } = await store.put(key, recordText(record));',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a lease that another run holds is taken over',
      find: 'if (held !== null && isHeldByAnother(held.value, runId, now)) throw heldBy(name, held.value, store);',
      replace: '',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a lease that has expired is not taken over',
      find: ' && new Date(expiresAt) > now',
      replace: '',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a lease that was released is not free before it expires',
      find: ' && !isReleased',
      replace: '',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a run that is started again waits for its own lease',
      find: 'runId !== asking && ',
      replace: '',
      tests: [LEASE_TESTS],
    },
    {
      name: 'the epoch is not raised by a new holder',
      find: 'promoted) + 1,',
      replace: 'promoted, 1),',
      tests: [LEASE_TESTS],
    },
    {
      name: 'the epoch does not count the holders before',
      find: 'Math.max(held?.value.epoch ?? 0, promoted)',
      replace: 'promoted',
      tests: [LEASE_TESTS],
    },
    {
      name: 'the epoch begins anew where the lease was deleted',
      find: 'Math.max(held?.value.epoch ?? 0, promoted)',
      replace: '(held?.value.epoch ?? 0)',
      tests: [LEASE_TESTS],
    },
    {
      name: "a lease is judged by the machine's clock when it is taken",
      find: 'await store.now()',
      replace: 'new Date()',
      tests: [LEASE_TESTS],
    },
    {
      name: "a lease is renewed by the machine's clock",
      find: 'await this.#store.now()',
      replace: 'new Date()',
      tests: [LEASE_TESTS],
    },
    {
      name: 'the lease is renewed without If-Match',
      find: 'const etag = await swap(this.#store, this.#name, record, this.#etag);',
      replace: 'const { etag } = await this.#store.put(leaseKey(this.#name), recordText(record));',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a lease that was lost is renewed again',
      find: 'this.#lost.signal.throwIfAborted();',
      replace: '',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a holder that has lost the lease is not told',
      find: 'this.#lost.abort(error);',
      replace: '',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a holder that cannot reach the bucket keeps the lease for ever',
      find: 'if (performance.now() - this.#askedAt >= this.#lifetimeMs)',
      replace: 'if (false)',
      tests: [LEASE_TESTS],
    },
    {
      name: "a holder counts the lease's life from the end of a slow renewal, not from its beginning",
      find: 'this.#askedAt = asked;',
      replace: 'this.#askedAt = performance.now();',
      tests: [LEASE_TESTS],
    },
    {
      name: "a holder counts the lease's life from the end of a slow taking, not from its beginning",
      find: '{ record, etag, asked });',
      replace: '{ record, etag, asked: performance.now() });',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a lease is renewed only when it ends',
      find: 'lifetimeMs / RENEWALS',
      replace: 'lifetimeMs',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a released lease is still renewed',
      find: `clearInterval(this.#timer);
    await this.#renewing`,
      replace: 'await this.#renewing',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a lease is released while a renewal is under way, which takes it again',
      find: 'await this.#renewing.catch(() => undefined);',
      replace: '',
      tests: [LEASE_TESTS],
    },
    {
      name: 'the lease of another run is released',
      find: 'await swap(this.#store, this.#name, { ...this.#record, isReleased: true }, this.#etag);',
      replace: 'await this.#store.put(leaseKey(this.#name), recordText({ ...this.#record, isReleased: true }));',
      tests: [LEASE_TESTS],
    },
    {
      name: "another holder's record is replaced where the swap meets one",
      find: 'if (stored?.value.holder !== record.holder) return null;',
      replace: 'if (stored === null) return null;',
      tests: [LEASE_TESTS],
    },
    {
      name: 'the record of the same run, started again, is taken for the own one',
      find: 'stored?.value.holder !== record.holder',
      replace: 'stored?.value.runId !== record.runId',
      tests: [LEASE_TESTS],
    },
    {
      name: 'a renewal that was written, but seemed to fail, loses the lease',
      find: 'if (stored?.value.holder !== record.holder) return null;',
      replace: 'return null;',
      tests: [LEASE_TESTS],
    },
  ],
  'training/run/under-lease.ts': [
    {
      name: 'a run goes on training after it has lost the lease',
      find: 'AbortSignal.any([tools.signal, lease.lost])',
      replace: 'tools.signal',
      tests: [RUN],
    },
    {
      name: 'the lease is not released at the end',
      find: 'await lease.release()',
      replace: 'await Promise.resolve()',
      tests: [RUN],
    },
  ],
  'training/run/run.ts': [
    {
      name: 'a run that has lost the lease promotes',
      find: 'await lease.renew();',
      replace: '',
      tests: [RUN],
    },
    {
      name: 'a run promotes without the epoch of its lease',
      find: ', trainingEpoch: lease.epoch',
      replace: '',
      tests: [RUN],
    },
    {
      name: 'the checkpoints of all holders have the same epoch',
      find: 'epoch: lease.epoch,',
      replace: 'epoch: 1,',
      tests: [RUN],
    },
    {
      name: 'what is left to do is forgotten before the result is written',
      find: 'await store.put(resultKey(modelName, runId)',
      replace: `await store.delete(conclusionKey(modelName, runId));
  await store.put(resultKey(modelName, runId)`,
      tests: [RUN],
    },
    {
      name: 'a run that is over begins again',
      find: 'if (ended !== null) return ended;',
      replace: '',
      tests: [RUN],
    },
  ],
  'lib/gate/settle.ts': [
    {
      name: 'a version is promoted before the decision is recorded',
      find: 'await recordDecision(store, name, recordOf(decision, version, at));',
      replace: `if (decision.verdict !== 'refused')
    await promoteVersion(store, name, version, { expected: decision.championEtag, reason: 'gate: ' + decision.reasons.join('; '), at, ...(trainingEpoch !== undefined && { trainingEpoch }) }).catch(() => undefined);
  await recordDecision(store, name, recordOf(decision, version, at));`,
      tests: [SETTLE],
    },
    {
      name: 'a version that was refused, or held, is promoted',
      find: 'if (!promotes(decision)) return decision;',
      replace: '',
      tests: [SETTLE],
    },
    {
      name: 'a version is promoted over another than it was compared with',
      find: 'expected: decision.championEtag,',
      replace: '',
      tests: [SETTLE],
    },
    {
      name: 'a version is promoted without the epoch that it was trained under',
      find: 'trainingEpoch === undefined ? {} : { trainingEpoch }',
      replace: '{}',
      tests: [SETTLE],
    },
    {
      name: 'a promotion that came too late is not recorded as refused',
      find: 'await recordDecision(store, name, recordOf(late, version, at));',
      replace: '',
      tests: [SETTLE],
    },
    {
      name: 'a version that met a pin counts as refused for another promotion',
      find: 'current?.pin === undefined',
      replace: 'true',
      tests: [SETTLE],
    },
    {
      name: 'a version that is settled a second time counts as refused',
      find: 'if (current?.version === version) return decision;',
      replace: '',
      tests: [SETTLE],
    },
  ],
  'lib/registry/current.ts': [
    {
      name: 'current.json is swapped without a look at the expected etag',
      find: 'expected !== undefined && expected !== (current?.etag ?? null)',
      replace: 'false',
      tests: [CURRENT],
    },
    {
      name: 'current.json is written without a condition',
      find: 'await putConditionally({ store, newWriterId: randomUUID }, put)',
      replace: 'await store.put(put.key, put.content)',
      tests: [CURRENT],
    },
    {
      name: 'an earlier holder of the lease promotes after a later one',
      find: 'trainingEpoch !== undefined && trainingEpoch < (current?.trainingEpoch ?? 0)',
      replace: 'false',
      tests: [CURRENT],
    },
    {
      name: 'a holder of the lease cannot promote twice',
      find: 'trainingEpoch < (current',
      replace: 'trainingEpoch <= (current',
      tests: [CURRENT],
    },
    {
      name: 'a promotion loses the pin',
      find: 'successor(version, options, current, current?.pin)',
      replace: 'successor(version, options, current, undefined)',
      tests: [CURRENT],
    },
    {
      name: 'a rollback is not pinned',
      find: 'const pin = pinned ?',
      replace: 'const pin = !pinned ?',
      tests: [CURRENT],
    },
    {
      name: 'a damaged pointer is replaced that was mended meanwhile',
      find: 'if (!isDamaged || found === null)',
      replace: 'if (found === null)',
      tests: [CURRENT],
    },
    {
      name: 'a promotion by hand forgets the last epoch',
      find: 'trainingEpoch ?? current?.trainingEpoch',
      replace: 'trainingEpoch',
      tests: [CURRENT],
    },
    {
      name: 'a version that is not complete is promoted',
      find: 'await readManifest(store, name, current.version);',
      replace: '',
      tests: [CURRENT],
    },
    {
      name: 'a rollback that lost a race is repeated',
      find: 'options.expected === undefined ? current.etag : options.expected',
      replace: 'options.expected',
      tests: [CURRENT],
    },
    {
      name: 'the version in use is promoted over itself',
      find: 'if (current?.version === version && current.pin === pin) return current;',
      replace: '',
      tests: [CURRENT],
    },
  ],
  'lib/registry/by-hand.ts': [
    {
      name: 'an unpinning by hand overwrites a promotion that came in between',
      find: 'unpinVersion(store, name, { expected: before?.etag ?? null, reason, at })',
      replace: 'unpinVersion(store, name, { reason, at })',
      tests: [DECISIONS],
    },
    {
      name: 'a pin by hand overwrites a promotion that came in between',
      find: 'pinVersion(store, name, version, { expected: before?.etag ?? null, reason, at })',
      replace: 'pinVersion(store, name, version, { reason, at })',
      tests: [DECISIONS],
    },
    {
      name: 'a promotion by hand overwrites one that came in between',
      find: 'promoteVersion(store, name, version, { expected: before?.etag ?? null, reason, at })',
      replace: 'promoteVersion(store, name, version, { reason, at })',
      tests: [DECISIONS],
    },
  ],
  'lib/registry/decisions.ts': [
    {
      name: 'a decision is written over another of the same millisecond',
      find: 'await putConditionally({ store, newWriterId: randomUUID }, { key, content, expected: null })',
      replace: 'await store.put(key, content)',
      tests: [DECISIONS],
    },
    {
      name: 'a decision is recorded twice',
      find: '=== content) return;',
      replace: '=== content);',
      tests: [DECISIONS],
    },
  ],
  'lib/registry/publish.ts': [
    {
      name: "a version's manifest is written before its files",
      find: 'for (const [path, { sha256 }] of Object.entries(files)) {',
      replace: `if (!(await putConditionally({ store, newWriterId: randomUUID }, { key, content: manifest, expected: null })))
    throw existsAlready(store, name, version);
  for (const [path, { sha256 }] of Object.entries(files))
    await putOnce(store, versionPrefix(name, version) + path, join(folder, path), sha256);
  return { etag: '' };
  for (const [path, { sha256 }] of Object.entries(files)) {`,
      tests: [PUBLISH],
    },
    {
      name: 'two publishers of one version both succeed',
      find: 'if (manifestWritten === null) throw',
      replace: 'if (false) throw',
      tests: [PUBLISH],
    },
    {
      name: 'a file of a version is overwritten',
      find: 'if (await putConditionally({ store, newWriterId: randomUUID }, put)) return true;',
      replace: 'if (await store.putFile(key, path, { metadata: put.metadata })) return true;',
      tests: [PUBLISH],
    },
  ],
};
