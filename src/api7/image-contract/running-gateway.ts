import { OrchError } from '../../core/base/errors.ts';
import type { HttpReply } from '../../core/host/connection.ts';
import { GATEWAY_ID, IN_IMAGE, PORTS } from '../paths.ts';
import { endedWords } from './ended-words.ts';
import { differs, type Finding, fileNotRead, judged, met, notShown } from './finding.ts';
import { GATEWAY_FILES, SLOW_PATH } from './gateway-files.ts';
import { DOOR_PATH, gatewayPeer, PEER_PORTS } from './gateway-peer.ts';
import { CONTROL_API, GATEWAY_TERMS as TERMS, TRIAL_STATUS_PORT } from './gateway-terms.ts';
import { notHeld, quitFinding } from './quit.ts';
import { commandOf, hasCommand } from './static-terms.ts';
import type { Ended, Running, Trial } from './trial.ts';
import { until } from './until.ts';

const START_MS = 60_000;
const PEER_MS = 30_000;
/** The status server belongs to the same process: it responds as soon as the rest does. */
const STATUS_LATER_MS = 3000;

/** Findings that need a running gateway. `isRead`: it reads the mounted configuration file. */
export async function runningGateway(trial: Trial, isRead: boolean): Promise<readonly Finding[]> {
  const { entrypoint, status, ready, controlApi, quit } = TERMS;
  const lacking = hasCommand(entrypoint, trial.image);
  const none = (why: string) => [status, ready, controlApi, quit].map((term) => notShown(term, why));
  if (lacking !== undefined) return [lacking, ...none('it cannot be started')];

  const peer = await trial.start('peer', gatewayPeer([TRIAL_STATUS_PORT, PORTS.gateway.http]));
  const isUp = async () => (await peer.get(PEER_PORTS.door, DOOR_PATH)) !== null;
  if (
    !(await until(trial, PEER_MS, async () => (await isUp()) || (await peer.ended()) !== undefined)) ||
    !(await isUp())
  ) {
    const why = `the trial's own control plane did not start: ${endedWords((await peer.ended()) ?? { exitCode: 0, log: await peer.log() })}`;
    return [notShown(entrypoint, why), ...none('the gateway was not started')];
  }
  const gateway = await trial.start('gateway', {
    files: { [IN_IMAGE.gatewayConfig]: GATEWAY_FILES.right },
    group: GATEWAY_ID,
    env: {
      API7_CONTROL_PLANE_ENDPOINTS: JSON.stringify([`http://127.0.0.1:${PEER_PORTS.controlPlane}`]),
      API7_CONTROL_PLANE_TOKEN: 'none',
      API7_GATEWAY_GROUP_SHORT_ID: 'default',
    },
    beside: peer,
  });
  const seen = await firstReplies(trial, peer, gateway);
  if (seen.http === null) {
    const found = seen.ended === undefined ? 'no response on port 9080 within 60s' : endedWords(seen.ended);
    // A gateway may end because there is no real control plane; a missing program has another exit code.
    const isItself = seen.ended?.exitCode === 126 || seen.ended?.exitCode === 127;
    return [(isItself ? differs : notShown)(entrypoint, found), ...none('the gateway did not start')];
  }
  return [
    met(entrypoint, commandOf(trial.image)),
    ...(isRead
      ? [statusFinding(seen.status), await readyFinding(peer, seen.status)]
      : [status, ready].map(fileNotRead)),
    await controlFinding(peer),
    await quitWithRequest(trial, peer, gateway),
  ];
}

interface Replies {
  readonly http: HttpReply | null;
  readonly status: HttpReply | null;
  readonly ended: Ended | undefined;
}

async function firstReplies(trial: Trial, peer: Running, gateway: Running): Promise<Replies> {
  const look = async (): Promise<Replies> => {
    const [http, status] = await Promise.all([
      peer.get(PORTS.gateway.http, '/'),
      peer.get(TRIAL_STATUS_PORT, '/status'),
    ]);
    return { http, status, ended: http === null ? await gateway.ended() : undefined };
  };
  let seen = await look();
  await until(trial, START_MS, async () => {
    seen = await look();
    return seen.http !== null || seen.ended !== undefined;
  });
  if (seen.http !== null)
    await until(trial, STATUS_LATER_MS, async () => {
      seen = await look();
      return seen.status?.status === 200;
    });
  return seen;
}

const replyWords = (reply: HttpReply | null): string => (reply === null ? 'no response' : String(reply.status));

const statusFinding = (reply: HttpReply | null): Finding =>
  judged(TERMS.status, reply?.status === 200, replyWords(reply));

/** 503: no control plane, which is true here. 404: an older version. */
async function readyFinding(peer: Running, status: HttpReply | null): Promise<Finding> {
  if (status === null) return notShown(TERMS.ready, 'its port does not respond');
  const reply = await peer.get(TRIAL_STATUS_PORT, '/status/ready');
  return judged(TERMS.ready, reply !== null && [200, 404, 503].includes(reply.status), replyWords(reply));
}

/** Behind the door, 502 means that nothing listens. */
async function controlFinding(peer: Running): Promise<Finding> {
  const reply = await peer.get(PEER_PORTS.door, CONTROL_API.path);
  return reply?.status === 200
    ? met(TERMS.controlApi, 'responds')
    : notShown(TERMS.controlApi, `${reply?.status === 502 ? 'no response' : replyWords(reply)}; not used yet`);
}

/** Sends SIGQUIT during a response that takes some seconds. */
async function quitWithRequest(trial: Trial, peer: Running, gateway: Running): Promise<Finding> {
  const { clock, signal } = trial;
  let isOpen = true;
  const request = peer.get(PORTS.gateway.http, SLOW_PATH, 60_000).finally(() => {
    isOpen = false;
  });
  // If another step fails first, its result is not awaited.
  request.catch(() => undefined);
  await clock.sleep(1000, signal).catch((cause: unknown) => {
    throw new OrchError('INTERRUPTED', 'interrupted', { cause });
  });
  return isOpen ? await quitFinding(TERMS.quit, trial, gateway, request) : notHeld(TERMS.quit, await request);
}
