import type { DockerReader } from '../../core/host/docker.ts';
import { type ContainerInspect, hasProcess } from '../../core/host/docker.ts';

/**
 * The container of this name. If it has no process: the container that publishes one of these ports of the host. A service in a
 * container that api7-orch did not create can have any name.
 *
 * @example await servingContainer('api7-gateway', [9080], host.docker)
 */
export async function servingContainer(
  name: string,
  published: readonly number[],
  docker: DockerReader,
): Promise<ContainerInspect | null> {
  const found = await docker.container(name);
  if (hasProcess(found) || published.length === 0) return found;
  const all = await docker.containers();
  const other = all.find(
    ({ State, Ports }) => State === 'running' && Ports.some(({ PublicPort = 0 }) => published.includes(PublicPort)),
  );
  return other === undefined ? found : await docker.container(other.Id);
}
