import {
  CONTAINERS,
  definePlaybook,
  httpReady,
  PORTS,
  play,
  rollingOf,
  rollingVars,
  started,
  upInBalancers,
} from 'api7-orch';

export default definePlaybook({
  name: 'start',
  description: 'Start gateways that were stopped, and give them back to their load balancers.',
  vars: rollingVars,
  *plays({ inventory, vars }) {
    yield* play({
      name: 'Start gateways',
      hosts: 'data_plane',
      rolling: { maxUnavailable: '100%', ...rollingOf(vars) },
      *tasks(host) {
        yield started({ container: CONTAINERS.gateway });
        yield httpReady({
          port: PORTS.status,
          path: '/status',
          within: '2m',
          passes: 3,
          container: CONTAINERS.gateway,
        });
        yield* upInBalancers(inventory, host, PORTS.http, PORTS.https);
      },
    });
  },
});
