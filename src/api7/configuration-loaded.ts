import { z } from 'zod';
import { formatDuration } from '../core/base/duration.ts';
import { duration } from '../core/base/duration-param.ts';
import { OrchError, unlessSilent } from '../core/base/errors.ts';
import { portNumber } from '../core/base/port-number.ts';
import type { Reader } from '../core/host/connection.ts';
import { ROOT_FILE } from '../core/host/root-only.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { defineTask } from '../core/task/define-task.ts';
import { type Behind, lost, readBehind } from '../tasks/container/behind.ts';
import { absolutePath } from '../tasks/file/fields.ts';

const recordParams = z.strictObject({
  container: z.string().min(1),
  /** File on the host with the id of the container that has loaded its configuration. */
  record: absolutePath,
});

const params = recordParams.extend({
  port: portNumber,
  within: duration.prefault('30s'),
});

type Params = z.output<typeof params>;

/** `status`: of `/status/ready`; null without a response, and if the record makes the request unnecessary. */
type Loaded = { readonly loaded: boolean; readonly status: number | null; readonly behind: Behind | null };

const ANSWER_MS = 5000;

/** Older versions do not have this path. */
const READY = [200, 404];

/**
 * Waits until a new gateway has loaded its configuration from the control plane. A refused gateway, for example with a
 * wrong token, returns 200 on `/status` and 404 on all routes. A container that has passed is not asked again: later,
 * all gateways return 503 on `/status/ready` while the control plane is down, and still serve.
 *
 * @throws OrchError NOT_READY; CONTAINER_EXITED as soon as the container has ended for good
 * @example yield configurationLoaded({ container: 'api7-gateway', port: 7085, record: '/opt/api7/.gateway-loaded' });
 */
export const configurationLoaded = defineGate<typeof params, Loaded>({
  kind: 'configurationLoaded',
  params,
  title: (p) => `${p.container} has loaded its configuration`,
  patience: (p) => ({ withinMs: p.within, everyMs: 500, passes: 1 }),
  async look(p, host) {
    if (await isRecorded(p, host)) return { loaded: true, status: null, behind: null };
    const status = await statusOf(p, host);
    const loaded = status !== null && READY.includes(status);
    return { loaded, status, behind: loaded ? null : await readBehind(p.container, host) };
  },
  met: (_p, { loaded }) => loaded,
  cannotRecover: (_p, { behind }) => lost(behind),
  unmet(p, { status, behind }) {
    const answer = status === null ? 'got no response' : `returned ${status}`;
    const message = `${p.container} has not loaded its configuration from the control plane within ${formatDuration(p.within)}: GET /status/ready ${answer}`;
    return new OrchError('NOT_READY', message, {
      hint: 'correct the token or certificate, the gateway group and the endpoints under api7.gateway, then run the same command again',
      details: behind?.log.trimEnd(),
    });
  },
});

/**
 * Records that the container has loaded its configuration: `configurationLoaded` does not ask it again.
 *
 * @example yield loadRecorded({ container: 'api7-gateway', record: '/opt/api7/.gateway-loaded' });
 */
export const loadRecorded = defineTask<typeof recordParams, void, { readonly recorded: true }, void>({
  kind: 'loadRecorded',
  params: recordParams,
  impact: 'none',
  claim: (p) => `file:${p.record}`,
  title: (p) => `record that ${p.container} has loaded its configuration`,
  read: async (p, host) => ((await isRecorded(p, host)) ? { recorded: true } : null),
  want: () => ({ recorded: true }),
  async write(p, _change, host) {
    const found = await host.docker.container(p.container);
    if (found !== null) await host.writeFile(p.record, `${found.Id}\n`, ROOT_FILE);
  },
});

async function isRecorded({ container, record }: z.output<typeof recordParams>, host: Reader): Promise<boolean> {
  const [found, recorded] = await Promise.all([host.docker.container(container), host.read(record)]);
  return found !== null && recorded !== null && recorded.toString().trim() === found.Id;
}

async function statusOf({ port }: Params, host: Reader): Promise<number | null> {
  const asked = { address: '127.0.0.1', port, path: '/status/ready', timeoutMs: ANSWER_MS };
  return (await unlessSilent(host.httpGet(asked)))?.status ?? null;
}
