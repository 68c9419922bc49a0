import type { Reader } from '../../core/host/connection.ts';

/** Where containerd keeps images, when Docker leaves them to it. */
const CONTAINERD = '/var/lib/containerd';

/** The directory of a host on whose file system the Engine keeps its images. */
export async function imageRoot(host: Pick<Reader, 'docker' | 'stat'>): Promise<string> {
  const [{ DockerRootDir, Driver }, containerd] = await Promise.all([host.docker.info(), host.stat(CONTAINERD)]);
  return Driver === 'overlayfs' && containerd !== null ? CONTAINERD : DockerRootDir;
}
