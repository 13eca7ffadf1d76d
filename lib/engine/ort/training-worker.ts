/** The worker thread of the engine on onnxruntime: one member of its team. */
import { serveRequests } from '../../workers/serve-requests.ts';
import type { StepMember } from '../step/member.ts';
import type { Losses } from '../step/step-setup.ts';
import { type MemberRequest, openMember } from './team.ts';

let member: StepMember | null = null;

serveRequests<MemberRequest, Losses>(async (request) => {
  if (request.kind === 'open') {
    member = await openMember(request.setup, request.member);
    return { response: {} };
  }
  if (member === null) throw new Error('a training worker must be opened before its first step');
  if (request.kind === 'run') return { response: await member.run(request.task) };
  await member.release();
  return { response: {} };
});
