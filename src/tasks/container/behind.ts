import { OrchError } from '../../core/base/errors.ts';
import type { Reader } from '../../core/host/connection.ts';
import { pausedError } from './paused.ts';

/** The container that should respond, as far as a waiting gate needs it. */
export type Behind = {
  readonly name: string;
  /** Docker's own state: `running`, `restarting`, `exited`; `absent` if there is no container. */
  readonly status: string;
  readonly exitCode: number;
  readonly restarts: number;
  /** End of its log. */
  readonly log: string;
};

const LOG_LINES = 20;

/** A process may end once while its dependencies start. More restarts mean an error of its own. */
const RESTARTS = 3;

export async function readBehind(name: string, { docker }: Reader): Promise<Behind> {
  const found = await docker.container(name);
  if (found === null) return { name, status: 'absent', exitCode: 0, restarts: 0, log: '' };
  const { Status, ExitCode } = found.State;
  return {
    name,
    status: Status,
    exitCode: ExitCode,
    restarts: found.RestartCount,
    log: await docker.logs(name, LOG_LINES),
  };
}

/** Why waiting for this container cannot help; undefined: it can, or it was not read. */
export function lost(behind: Behind | null): OrchError | undefined {
  if (behind === null) return undefined;
  const { name, status, exitCode, restarts, log } = behind;
  if (status === 'absent')
    return new OrchError('CONTAINER_MISSING', `there is no container ${name}`, {
      hint: 'state the container before the gate that waits for it',
    });
  if (status === 'paused') return pausedError(name);
  const looping = status === 'restarting' && restarts >= RESTARTS;
  if (!looping && status !== 'exited' && status !== 'dead') return undefined;
  const how = looping
    ? `ends with exit code ${exitCode} each time it is started`
    : `has ended with exit code ${exitCode}`;
  return new OrchError('CONTAINER_EXITED', `container ${name} ${how}${looping ? ` (${restarts} restarts)` : ''}`, {
    hint: 'read its last lines; correct the cause and run again',
    details: log.trimEnd(),
  });
}
