import {
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
} from 'api7-orch';

export default definePlaybook({
  name: 'install',
  description: 'Install the control plane, then the gateways, behind their load balancers.',
  vars: rollingVars,
  *plays({ inventory, vars }) {
    yield* play({
      name: 'Preflight',
      hosts: 'control_plane,data_plane',
      *tasks(host) {
        yield* preflight(inventory, host);
      },
    });

    yield* play({
      name: 'Control plane',
      hosts: 'control_plane',
      batch: [1, '100%'], // the first dashboard migrates the empty database, alone
      *tasks(host) {
        const images = yield* controlPlaneImages(inventory);
        yield* dashboard(inventory, host, images.dashboard);
        yield* dpManager(inventory, host, images.dpManager);
        yield* controlPlaneInService(inventory, host);
      },
    });

    yield* gatewayPlays(inventory, {
      name: 'Gateways',
      rolling: { ...rollingOf(vars), fromInventory: true },
      *tasks(host) {
        yield* gateway(inventory, host);
      },
    });
  },
});
