import { CONTAINERS, definePlaybook, httpReady, PORTS, play, restarted, z } from 'api7-orch';

/** A bad restart: nothing waits for running requests. Shows that the load finds errors. */
export default definePlaybook({
  name: 'hasty-restart',
  description: 'Restart every gateway with a stop timeout of one second.',
  vars: z.strictObject({ since: z.iso.datetime().default(() => new Date().toISOString()) }),
  *plays({ vars: { since } }) {
    yield* play({
      name: 'Restart gateways in haste',
      hosts: 'data_plane',
      rolling: { soak: '2s' },
      *tasks() {
        yield restarted({ container: CONTAINERS.gateway, since, stopSignal: 'SIGQUIT', stopTimeoutSeconds: 1 });
        yield httpReady({
          port: PORTS.gateway.status,
          path: '/status',
          within: '2m',
          passes: 3,
          container: CONTAINERS.gateway,
        });
      },
    });
  },
});
