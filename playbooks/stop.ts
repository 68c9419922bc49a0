import { definePlaybook, gatewayPlays, gatewayStopped, rollingOf, rollingVars } from 'api7-orch';

export default definePlaybook({
  name: 'stop',
  description: 'Drain and stop gateways; with --limit only these. They stay drained until the playbook start.',
  vars: rollingVars,
  *plays({ inventory, vars }) {
    yield* gatewayPlays(inventory, {
      name: 'Stop gateways',
      rolling: { maxUnavailable: '100%', batch: 1, ...rollingOf(vars), leaveDrained: true },
      *tasks(host) {
        yield gatewayStopped(inventory, host);
      },
    });
  },
});
