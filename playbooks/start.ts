import { CONTAINERS, definePlaybook, gatewayInService, gatewayPlays, rollingOf, rollingVars, started } from 'api7-orch';

export default definePlaybook({
  name: 'start',
  description: 'Start gateways that were stopped, and restore them on their load balancers.',
  vars: rollingVars,
  *plays({ inventory, vars }) {
    yield* gatewayPlays(inventory, {
      name: 'Start gateways',
      rolling: { maxUnavailable: '100%', ...rollingOf(vars) },
      *tasks(host) {
        yield started({ container: CONTAINERS.gateway });
        yield* gatewayInService(inventory, host);
      },
    });
  },
});
