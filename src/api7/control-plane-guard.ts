import { z } from 'zod';
import { jsonAs } from '../core/base/attempt.ts';
import { OrchError } from '../core/base/errors.ts';
import { portNumber } from '../core/base/port-number.ts';
import { reveal } from '../core/base/secret.ts';
import type { Reader } from '../core/host/connection.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { secretOrText } from '../tasks/file/fields.ts';
import { reaches } from './reaches.ts';

const params = z.strictObject({
  container: z.string().min(1),
  /** DP Manager's endpoints of the inventory. */
  endpoints: z.array(z.string()).readonly(),
  /**
   * The variables of the new container, if it is created from the inventory: then the inventory's endpoints apply.
   * Otherwise the container keeps its variables, and the inventory's endpoints apply only if it has none.
   */
  env: z.record(z.string(), secretOrText).optional(),
  /** The other gateways in service, asked for `/status/ready` from this host. */
  peers: z.array(z.strictObject({ name: z.string(), address: z.string(), port: portNumber })).readonly(),
});

type Params = z.output<typeof params>;

type Endpoints = {
  /** Number of endpoints that respond, and of all. */
  readonly answering: number;
  readonly silent: readonly string[];
  /** Peers that responded: ready ones, and ones that report a missing control plane. */
  readonly ready: readonly string[];
  readonly unready: readonly string[];
  /** It will log in to the control plane with new variables, so that its peers' readiness does not matter. */
  readonly newLogin: boolean;
};

/** The vendor's names; the newer one wins. */
const VARIABLES = ['API7_DP_MANAGER_ENDPOINTS', 'API7_CONTROL_PLANE_ENDPOINTS'];

const READY_MS = 3000;

/**
 * Gate, one reading: the control plane is available for a gateway that is about to be restarted. More than half of its
 * future endpoints respond from its host (with fewer it does not start), and not every peer reports a missing control
 * plane. A failure is not this gateway's, so nothing is drained: the run is on hold.
 *
 * @throws OrchError CONTROL_PLANE_UNREACHABLE
 * @example yield controlPlaneGuard({ container: 'api7-gateway', endpoints, peers: [] });
 */
export const controlPlaneGuard = defineGate<typeof params, Endpoints>({
  kind: 'controlPlaneGuard',
  params,
  title: (p) => `control plane responds to ${p.container}`,
  async look(p, host) {
    const [current, peers] = await Promise.all([variablesOf(p, host), peersOf(p, host)]);
    const endpoints = endpointsOf(p, current);
    const answers = await Promise.all(endpoints.map((endpoint) => reaches(endpoint, host)));
    const silent = endpoints.filter((_, i) => answers[i] !== true);
    const answering = endpoints.length - silent.length;
    return { answering, silent, ...peers, newLogin: current !== undefined && isNewLogin(p, current) };
  },
  met: (_p, seen) => mostAnswer(seen) && (seen.newLogin || seen.ready.length > 0 || seen.unready.length === 0),
  onTimeout: 'hold',
  unmet: (p, seen) => {
    const { answering, silent, unready } = seen;
    const all = answering + silent.length;
    const why = mostAnswer(seen)
      ? `all other gateways that respond are not ready (${unready.join(', ')})`
      : `only ${answering} of ${all} DP Manager endpoints ${answering === 1 ? 'responds' : 'respond'} to ${p.container}, more than half are required; no response: ${silent.join(', ')}`;
    return new OrchError('CONTROL_PLANE_UNREACHABLE', why, {
      hint: 'fix DP Manager and its database first; a gateway restarted now cannot load its configuration',
      retryable: true,
    });
  },
});

const mostAnswer = ({ answering, silent }: Endpoints): boolean => answering > silent.length;

/** The variables of the existing container; undefined if there is none. */
async function variablesOf({ container }: Params, { docker }: Reader): Promise<readonly string[] | undefined> {
  return (await docker.container(container))?.Config.Env ?? undefined;
}

function endpointsOf(p: Params, current: readonly string[] = []): readonly string[] {
  if (p.env !== undefined) return p.endpoints;
  for (const name of VARIABLES) {
    const listed = listOf(current.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1));
    if (listed.length > 0) return listed;
  }
  return p.endpoints;
}

const isNewLogin = ({ env = {} }: Params, current: readonly string[]): boolean =>
  Object.entries(env).some(([name, value]) => !current.includes(`${name}=${reveal(value)}`));

const texts = z.array(z.string());

const listOf = (text = ''): readonly string[] => jsonAs(texts, text) ?? [];

/** Peers without a response from here are ignored: a firewall may allow their status port to balancers only. */
async function peersOf(p: Params, host: Reader): Promise<Pick<Endpoints, 'ready' | 'unready'>> {
  const statuses = await Promise.all(
    p.peers.map(async ({ name, address, port }) => {
      const asked = { address, port, path: '/status/ready', timeoutMs: READY_MS };
      const status = await host.httpGet(asked).then(
        (reply) => reply.status,
        () => 0,
      );
      return { name, status };
    }),
  );
  const named = (wanted: (status: number) => boolean): readonly string[] =>
    statuses.filter(({ status }) => wanted(status)).map(({ name }) => name);
  // Older versions do not have this path.
  return { ready: named((status) => status === 200 || status === 404), unready: named((status) => status === 503) };
}
