import { CONTAINERS } from '../api7/paths.ts';
import type { Service } from '../api7/services.ts';
import type { Reader } from '../core/host/connection.ts';
import { isOwn } from '../tasks/container/labels.ts';
import type { TakeOver } from '../tasks/ports-free.ts';
import { findServices } from './running/find-services.ts';
import type { RunningService } from './running/running-service.ts';

/** The service as it runs on a host in a container that api7-orch did not make; undefined: there is none. */
export async function runningByHand(
  service: Service['name'],
  unmanaged: readonly string[],
  host: Reader,
): Promise<RunningService | undefined> {
  const { services } = await findServices(host, { unmanaged });
  return services.find((found) => found.service === service && !found.container.managed);
}

/**
 * The containers that an adoption of these services takes over; `now`: in this run. A container that discovery does not recognize is
 * none of them, and no service whose new container is there already has one.
 */
export const takenOver = (services: readonly Service['name'][], now: boolean): TakeOver => ({
  by: 'api7-orch run install --adopt',
  now,
  async containers(host) {
    const [found, targets] = await Promise.all([
      findServices(host),
      Promise.all(services.map((service) => host.docker.container(CONTAINERS[service]))),
    ]);
    const open = services.filter((_, at) => !targets[at] || !isOwn(targets[at]));
    return found.services
      .filter(({ service, container }) => !container.managed && open.includes(service))
      .map(({ container }) => container.id);
  },
});
