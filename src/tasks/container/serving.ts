import type { DockerReader } from '../../core/host/docker.ts';
import { type ContainerInspect, hasProcess } from '../../core/host/docker.ts';

/**
 * The container of this name; where none of it has a process, the one that publishes one of these ports of the host: a service that was
 * started by hand has a name of its own.
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
