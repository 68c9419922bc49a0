import {
  type Adopting,
  adoptionPreflight,
  adoptionsFinished,
  controlPlaneImages,
  controlPlaneInService,
  dashboard,
  definePlaybook,
  dpManager,
  gateway,
  gatewayPlays,
  play,
  preflight,
  rollingOf,
  rollingVars,
  z,
} from 'api7-orch';

export default definePlaybook({
  name: 'install',
  description: 'Install the control plane, then the gateways, behind their load balancers.',
  vars: rollingVars.extend({
    /** Take over containers that api7-orch did not create, one drained node after another. */
    adopt: z.stringbool().or(z.boolean()).optional(),
    /** Containers, separated by commas, that no compose project and no systemd unit owns any more. */
    unmanaged: z.string().optional(),
  }),
  *plays({ inventory, vars: { adopt, unmanaged, ...rolling } }) {
    const adopting: Adopting | undefined = adopt === true ? { unmanaged: unmanaged?.split(',') ?? [] } : undefined;
    const adopts = adopting !== undefined;

    yield* play({
      name: 'Preflight',
      hosts: 'control_plane,data_plane',
      *tasks(host) {
        yield* adoptionPreflight(inventory, host, adopting);
        yield* preflight(inventory, host, { adopts });
      },
    });

    yield* play({
      name: 'Control plane',
      hosts: 'control_plane',
      ...(adopts ? { rolling: { adopts } } : {}),
      batch: [1, '100%'], // the first dashboard migrates the empty database, alone
      *tasks(host) {
        const images = yield* controlPlaneImages(inventory);
        yield* dashboard(inventory, host, images.dashboard, adopting);
        yield* dpManager(inventory, host, images.dpManager, adopting);
        yield* controlPlaneInService(inventory, host);
        yield* adoptionsFinished(inventory, host, adopting);
      },
    });

    yield* gatewayPlays(inventory, {
      name: 'Gateways',
      rolling: { ...rollingOf(rolling), fromInventory: true, ...(adopts ? { adopts } : {}) },
      *tasks(host) {
        yield* gateway(inventory, host, adopting);
      },
    });
  },
});
