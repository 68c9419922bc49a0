import type { Service } from '../api7/services.ts';
import type { Reader } from '../core/host/connection.ts';
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
