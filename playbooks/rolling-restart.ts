import {
  CONTAINERS,
  definePlaybook,
  gatewayInService,
  gatewayStop,
  play,
  restarted,
  rollingOf,
  rollingVars,
  z,
} from 'api7-orch';

export default definePlaybook({
  name: 'rolling-restart',
  description: 'Restart every gateway: out of traffic, one after another, each ready again before the next.',
  vars: rollingVars.extend({
    /** Gateways started since then are left alone: give it again to go on with a restart that was broken off. */
    since: z.iso.datetime({ offset: true }).default(() => new Date().toISOString()),
  }),
  *plays({ inventory, vars: { since, ...rolling } }) {
    yield* play({
      name: 'Restart gateways',
      hosts: 'data_plane',
      rolling: rollingOf(rolling),
      *tasks(host) {
        yield restarted({ container: CONTAINERS.gateway, since, ...gatewayStop(inventory) });
        yield* gatewayInService(inventory, host);
      },
    });
  },
});
