import {
  CONTAINERS,
  definePlaybook,
  gatewayInService,
  gatewayPlays,
  gatewayStop,
  restarted,
  rollingOf,
  rollingVars,
  z,
} from 'api7-orch';

export default definePlaybook({
  name: 'rolling-restart',
  description: 'Restart every gateway: drained one by one, each ready again before the next.',
  vars: rollingVars.extend({
    /** Gateways started since then are left unchanged: give it again to resume an interrupted restart. */
    since: z.iso.datetime({ offset: true }).default(() => new Date().toISOString()),
  }),
  *plays({ inventory, vars: { since, ...rolling } }) {
    yield* gatewayPlays(inventory, {
      name: 'Restart gateways',
      rolling: rollingOf(rolling),
      *tasks(host) {
        yield restarted({ container: CONTAINERS.gateway, since, ...gatewayStop(inventory, host) });
        yield* gatewayInService(inventory, host);
      },
    });
  },
});
