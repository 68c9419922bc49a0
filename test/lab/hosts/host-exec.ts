import type Docker from 'dockerode';
import { HostShell } from './host-shell.ts';

export interface HostResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** By container; kept until the container or this process ends. */
const shells = new Map<string, Promise<HostShell>>();

/**
 * Runs a bash script on a host as root, through the engine of this machine and not through the host's sshd, which a test may have
 * broken. Never throws for an exit code.
 * @example await hostExec(docker, 'api7-lab-1a2b3c-gw-1', 'docker ps -q')
 */
export async function hostExec(docker: Docker, container: string, script: string): Promise<HostResult> {
  for (;;) {
    const opening = shells.get(container) ?? HostShell.open(docker, container);
    shells.set(container, opening);
    const forget = () => void (shells.get(container) === opening && shells.delete(container));
    const shell = await opening.catch((error: unknown) => {
      forget();
      throw error;
    });
    if (!shell.isOver) return await shell.run(script);
    forget();
  }
}
