import {
  CONTAINERS,
  controlPlaneInService,
  controlPlaneResponds,
  controlPlaneStop,
  definePlaybook,
  gatewaysReconnected,
  play,
  restarted,
  rollingOf,
  rollingVars,
  z,
} from 'api7-orch';

export default definePlaybook({
  name: 'control-plane-restart',
  description: 'Restart dashboards and DP Managers, one host after another; gateways reconnect before the next.',
  vars: rollingVars.extend({
    /** Services started since then are left alone: give it again to resume a restart that was interrupted. */
    since: z.iso.datetime({ offset: true }).default(() => new Date().toISOString()),
  }),
  *plays({ inventory, vars: { since, ...rolling } }) {
    /** Gateways seen connected to the control plane. */
    const connected = new Set<string>();
    yield* play({
      name: 'Restart the control plane',
      hosts: 'control_plane',
      rolling: rollingOf(rolling),
      *tasks(host) {
        yield restarted({ container: CONTAINERS.dashboard, since, ...controlPlaneStop });
        yield restarted({ container: CONTAINERS.dpManager, since, ...controlPlaneStop });
        yield* controlPlaneResponds(inventory);
        yield* controlPlaneInService(inventory, host);
        yield* gatewaysReconnected(inventory, connected);
      },
    });
  },
});
