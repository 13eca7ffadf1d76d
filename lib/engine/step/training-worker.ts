/** The worker thread of a training engine: one member of its team. */
import { serveRequests } from '../../workers/serve-requests.ts';
import { StepMember } from './member.ts';
import type { MemberRequest } from './team.ts';
import type { Losses } from './team-setup.ts';

let member: StepMember | null = null;

serveRequests<MemberRequest, Losses>(async (request) => {
  if (request.kind === 'open') {
    member = await StepMember.open(request.setup, request.member);
    return { response: {} };
  }
  if (member === null) throw new Error('a training worker must be opened before its first step');
  if (request.kind === 'run') return { response: await member.run(request.task) };
  await member.release();
  return { response: {} };
});
