import { adopted } from '../adopt/adopted.ts';
import type { Service } from '../api7/services.ts';
import { defined } from '../core/base/data.ts';
import type { Task } from '../core/task/task.ts';
import { container } from '../tasks/container.ts';

/** The run takes over containers that api7-orch did not create. */
export interface Adopting {
  /** Containers that no compose project and no systemd unit owns any more. */
  readonly unmanaged?: readonly string[];
}

/** The task of the container of a service. With `adopting`, it replaces a container that api7-orch did not create. */
export const containerOf = (
  service: Service['name'],
  params: Parameters<typeof container>[0],
  adopting: (Adopting & { readonly uid?: string }) | undefined,
): Task =>
  adopting === undefined
    ? container(params)
    : adopted({ service, container: params, ...defined({ uid: adopting.uid }) });
