import { GATEWAY_ID, IN_IMAGE, PORTS } from '../paths.ts';
import type { Term } from './finding.ts';

/** Address of a gateway's control API, inside its container. */
export const CONTROL_API = { address: '127.0.0.1', port: 9090, path: '/v1/schema' } as const;

/** How long an idle gateway may take to quit, in seconds. */
export const QUIT_SECONDS = 30;

/** What api7-orch depends on in the gateway's image. */
export const GATEWAY_TERMS = {
  user: {
    what: 'user',
    expected: `uid ${GATEWAY_ID}, group ${GATEWAY_ID}`,
    next: `do not install it: api7-orch gives its files to root and group ${GATEWAY_ID}, mode 0640`,
  },
  stopSignal: {
    what: 'stop signal',
    expected: 'SIGQUIT',
    next: 'api7-orch states SIGQUIT itself; for a container of yours, use docker run --stop-signal SIGQUIT',
  },
  entrypoint: {
    what: 'entrypoint',
    expected: 'starts the gateway',
    next: 'do not install it: api7-orch gives the container no command of its own',
  },
  config: {
    what: 'configuration file',
    expected: 'read at its path',
    next: `do not install it: api7.config.gateway, mounted at ${IN_IMAGE.gatewayConfig}, would have no effect`,
  },
  init: {
    what: 'apisix init',
    expected: 'accepts a right file',
    next: 'do not install it: run install checks each configuration this way and would refuse all of them',
  },
  test: {
    what: 'apisix test',
    expected: 'refuses a wrong snippet',
    next: 'mistakes in nginx snippets show only at the start of a gateway: change one gateway first',
  },
  status: {
    what: '/status',
    expected: '200',
    next: 'do not install it: no health check could pass; it takes version 3.2.16.3 or later',
  },
  ready: {
    what: '/status/ready',
    expected: '200, 503 or 404',
    next: 'a rolling change waits for 200, or for 404 of older versions, and would stop at the first gateway',
  },
  controlApi: {
    what: 'control API',
    expected: `${CONTROL_API.address}:${CONTROL_API.port}`,
    next: 'nothing is to be done: this version of api7-orch does not use it',
  },
  quit: {
    what: 'quit on SIGQUIT',
    expected: 'ends open requests first',
    next: 'a change cuts requests that are not drained; drain the node first: api7-orch lb drain',
  },
} as const satisfies Readonly<Record<string, Term>>;

/** A port of the status server that no image has by default: a response there shows that the file was read. */
export const TRIAL_STATUS_PORT = 20_000 + PORTS.gateway.status;
