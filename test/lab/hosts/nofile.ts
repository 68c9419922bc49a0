import type Docker from 'dockerode';
import { hostExec } from './host-exec.ts';

const wanted = 65_536;

/**
 * The open-files limit that a container on a host can have: the requested one, or the hard limit if the kernel does not raise it
 * (that takes CAP_SYS_RESOURCE).
 */
export async function grantedNofile(docker: Docker, container: string): Promise<number> {
  // prlimit(2) on itself tests the capability and the limit at once.
  const script = `prlimit --nofile=${wanted}:${wanted} true 2>/dev/null && echo ${wanted} || ulimit -Hn`;
  const { out } = await hostExec(docker, container, script);
  const limit = Number(out.trim());
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, wanted) : wanted;
}
