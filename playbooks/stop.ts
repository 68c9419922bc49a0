import { CONTAINERS, definePlaybook, gatewayPlays, gatewayStop, rollingOf, rollingVars, stopped } from 'api7-orch';

export default definePlaybook({
  name: 'stop',
  description: 'Drain and stop gateways; with --limit only these. They stay drained until the playbook start.',
  vars: rollingVars,
  *plays({ inventory, vars }) {
    yield* gatewayPlays(inventory, {
      name: 'Stop gateways',
      rolling: { maxUnavailable: '100%', batch: 1, ...rollingOf(vars), leaveDrained: true },
      *tasks(host) {
        yield stopped({ container: CONTAINERS.gateway, ...gatewayStop(inventory, host) });
      },
    });
  },
});
