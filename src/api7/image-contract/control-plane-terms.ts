import { CONTROL_PLANE_STOP_SECONDS } from '../services.ts';
import type { Term } from './finding.ts';

/** What api7-orch depends on in an image of the control plane. */
export const CONTROL_PLANE_TERMS = {
  user: {
    what: 'user',
    expected: 'root',
    next: 'it may be unable to read its configuration, which belongs to root with mode 0640; see configuration file',
  },
  stopSignal: {
    what: 'stop signal',
    expected: 'SIGTERM',
    next: 'api7-orch states SIGTERM itself; check how it ends on SIGTERM',
  },
  entrypoint: {
    what: 'entrypoint',
    expected: 'starts the service',
    next: 'do not install it: api7-orch gives the container no command of its own',
  },
  config: {
    what: 'configuration file',
    expected: 'read at its path',
    next: 'do not install it: it would not get the database of the inventory',
  },
  health: {
    what: '/healthz',
    expected: 'is there',
    next: 'do not install it: no health check could pass',
  },
  stop: {
    what: 'end on SIGTERM',
    expected: `within ${CONTROL_PLANE_STOP_SECONDS}s`,
    next: 'each change takes that long, and the service is killed',
  },
} as const satisfies Readonly<Record<string, Term>>;
