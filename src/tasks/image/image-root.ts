import type { Reader } from '../../core/host/connection.ts';

/** containerd's directory, if Docker stores its images there. */
const CONTAINERD = '/var/lib/containerd';

/** The host's directory on the file system of the Engine's images. */
export async function imageRoot(host: Pick<Reader, 'docker' | 'stat'>): Promise<string> {
  const [{ DockerRootDir, Driver }, containerd] = await Promise.all([host.docker.info(), host.stat(CONTAINERD)]);
  return Driver === 'overlayfs' && containerd !== null ? CONTAINERD : DockerRootDir;
}
