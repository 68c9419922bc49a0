import {
  CONTAINERS,
  controlPlaneInService,
  controlPlaneResponds,
  definePlaybook,
  gatewayInService,
  gatewayPlays,
  goBack,
  play,
  rollingOf,
  rollingVars,
  z,
} from 'api7-orch';

export default definePlaybook({
  name: 'rollback',
  description: 'Bring nodes back to a version that they ran before, by the records on their hosts.',
  vars: rollingVars.extend({
    /** Version that the nodes ran before: api7-orch rollback lists them. */
    to: z.string().min(1),
  }),
  *plays({ inventory, vars: { to, ...rolling } }) {
    yield* gatewayPlays(inventory, {
      name: 'Roll back gateways',
      rolling: rollingOf(rolling),
      *tasks(host) {
        yield goBack({ container: CONTAINERS.gateway, to });
        yield* gatewayInService(inventory, host);
      },
    });

    yield* play({
      name: 'Roll back the control plane',
      hosts: 'control_plane',
      *tasks(host) {
        // Another image may have migrated the database: that is refused.
        yield goBack({ container: CONTAINERS.dashboard, to, sameImage: true });
        yield goBack({ container: CONTAINERS.dpManager, to, sameImage: true });
        yield* controlPlaneResponds(inventory);
        yield* controlPlaneInService(inventory, host);
      },
    });
  },
});
