import { CONTAINERS, definePlaybook, gatewayStop, play, rollingOf, rollingVars, stopped } from 'api7-orch';

export default definePlaybook({
  name: 'stop',
  description: 'Stop gateways, out of traffic; with --limit only these. They stay out until the playbook start.',
  vars: rollingVars,
  *plays({ inventory, vars }) {
    yield* play({
      name: 'Stop gateways',
      hosts: 'data_plane',
      rolling: { maxUnavailable: '100%', batch: 1, ...rollingOf(vars), leaveDrained: true },
      *tasks() {
        yield stopped({ container: CONTAINERS.gateway, ...gatewayStop(inventory) });
      },
    });
  },
});
