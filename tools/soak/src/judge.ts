import { EXPECTED_STATUS, REFUSAL_BODY } from './backend-answer.js';
import { chooseClose } from './close-choice.js';
import { type ConversationPlan, isIntact, isWhole } from './conversation-plan.js';
import type { Peer } from './peer.js';

type Violate = (kind: string, text: string) => void;

/** Compares an answer that is no 101 with what the plan leads to. */
export function judgeRefusal(plan: ConversationPlan, status: number, body: string, violate: Violate): void {
  if (plan.opening === 'asks for nothing known' || plan.opening === 'asks wrongly') {
    const expected = plan.opening === 'asks wrongly' ? 426 : 404;
    // A request that a relay cuts is no request.
    if (isWhole(plan.front) && status !== expected) violate('refusal', `${status} instead of ${expected}`);
    return;
  }
  // Half a request is answered with 400, or 408 when its client stays.
  if (plan.opening.startsWith('leaves') || !isWhole(plan.front) || !isWhole(plan.back)) return;
  const expected = EXPECTED_STATUS[plan.handshake];
  if (status !== expected) violate('refusal', `${status} instead of ${expected}: ${body.slice(0, 200)}`);
  else if (plan.handshake === 'refuses' && body !== REFUSAL_BODY) {
    violate('refusal', `the backend's refusal was changed: ${JSON.stringify(body.slice(0, 200))}`);
  }
}

/** Looks back at a conversation that came to its end: is everything there that had to be? */
export function judgeTalk(plan: ConversationPlan, client: Peer, backend: Peer, violate: Violate): void {
  if (!isWhole(plan.front) || !isWhole(plan.back)) return;
  if (isIntact(plan)) {
    if (backend.received !== client.sent) violate('lost', `${backend.received} of the client's ${client.sent} arrived`);
    if (client.received !== backend.sent)
      violate('lost', `${client.received} of the backend's ${backend.sent} arrived`);
    judgeClose(plan, client, backend, violate);
    return;
  }
  // Who closes early loses what comes towards it, but not what it has said.
  if (plan.ending === 'client closes early' && client.closeSent !== undefined && backend.closeReceived !== undefined) {
    if (backend.receivedBeforeClose !== client.sent && backend.closeSent?.code === client.closeSent.code) {
      violate('lost', `${backend.receivedBeforeClose} of ${client.sent} messages came before the client's Close`);
    }
  }
  if (plan.ending === 'backend closes early' && backend.closeSent !== undefined && client.closeReceived !== undefined) {
    if (client.receivedBeforeClose !== backend.sent && client.closeSent?.code === backend.closeSent.code) {
      violate('lost', `${client.receivedBeforeClose} of ${backend.sent} messages came before the backend's Close`);
    }
  }
  const code = client.closeReceived?.code;
  // Through a slow relay the gateway's last words may come too late: it does not wait for ever to be heard.
  const isWrongAnswer = code !== 1002 && (code !== undefined || plan.front === undefined);
  if (plan.mode !== 'opaque' && plan.ending === 'client says too much' && code !== undefined && code !== 1009) {
    violate('close', `a message that is too big is answered with ${code} instead of 1009`);
  }
  if (plan.mode !== 'opaque' && plan.ending === 'client breaks the protocol' && isWrongAnswer) {
    violate('close', `a wrong frame is answered with ${code ?? 'no Close'} instead of 1002`);
  }
}

/** The Close goes through with code and reason, and its answer comes back (S18). */
function judgeClose(plan: ConversationPlan, client: Peer, backend: Peer, violate: Violate): void {
  const { code, reason } = chooseClose(plan.id);
  const [closer, other] = plan.ending === 'client closes' ? [client, backend] : [backend, client];
  const got = other.closeReceived;
  if (got === undefined || got.code !== code || got.reason !== reason) {
    violate('close', `Close ${got?.code ?? 'none'} ${JSON.stringify(got?.reason ?? '')} arrived instead of ${code}`);
  } else if (closer.closeReceived === undefined || closer.closeReceived.code !== code) {
    violate('close', `the answer to Close ${code} was ${closer.closeReceived?.code ?? 'none'}`);
  }
}
