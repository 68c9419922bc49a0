import { adopted } from '../adopt/adopted.ts';
import type { Service } from '../api7/services.ts';
import type { Task } from '../core/task/task.ts';
import { container } from '../tasks/container.ts';

/** That containers which were started by hand are taken over. */
export interface Adopting {
  /** Containers that no compose project and no systemd unit owns any more. */
  readonly unmanaged?: readonly string[];
}

/** The container of a service: as it is to be, in the place of one that was started by hand where those are adopted. */
export const containerOf = (
  service: Service['name'],
  params: Parameters<typeof container>[0],
  adopting: (Adopting & { readonly uid?: string }) | undefined,
): Task =>
  adopting === undefined
    ? container(params)
    : adopted({ service, container: params, ...(adopting.uid === undefined ? {} : { uid: adopting.uid }) });
