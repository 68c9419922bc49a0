import {
  CONTAINERS,
  controlPlaneInService,
  definePlaybook,
  gatewayInService,
  goBack,
  httpReady,
  PORTS,
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
    yield* play({
      name: 'Roll back gateways',
      hosts: 'data_plane',
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
        yield httpReady({ port: PORTS.dashboard, path: '/healthz', within: '8m', container: CONTAINERS.dashboard });
        yield httpReady({ port: PORTS.dpManager, path: '/healthz', within: '90s', container: CONTAINERS.dpManager });
        yield* controlPlaneInService(inventory, host);
      },
    });
  },
});
