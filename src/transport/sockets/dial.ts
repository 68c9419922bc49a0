import type { Duplex } from 'node:stream';
import { quote } from '../../core/base/argv.ts';
import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Become, Exit, Launch, Rights } from '../shell/shell-process.ts';
import { DialError, type Dialer } from './dialer.ts';
import { scriptSocket } from './script-socket.ts';

const DOCKER_SOCKET = '/var/run/docker.sock';

/** Own exit codes: no client for the socket, no Engine at all. */
const NO_CLIENT = 93;
const NO_DOCKER = 94;

/**
 * Opens new byte streams to the host's Docker Engine: through a forwarded socket if sshd and the socket's permissions
 * allow it, else through `docker system dial-stdio` as root. Remembers per connection which way works.
 */
export function dockerDial(
  dialer: Dialer,
  launch: Launch,
  rights: Rights,
  onSession: (open: boolean) => void,
  path: string = DOCKER_SOCKET,
): (release?: () => boolean) => Promise<Duplex> {
  let forwards = true;
  return async (release) => {
    if (forwards) {
      try {
        return await dialer.unix(path);
      } catch (error) {
        if (!(error instanceof DialError)) throw error;
        forwards = false;
      }
    }
    onSession(true);
    let closed = false;
    const close = (): void => {
      if (!closed) onSession(false);
      closed = true;
    };
    const wish = { lasting: true, ...defined({ release }) };
    const lasting: Launch = (line) => launch(line, wish);
    try {
      const socket = await scriptSocket(lasting, rights, stdioScript(path), explain(rights.become, path));
      socket.once('close', close);
      return socket;
    } catch (error) {
      close();
      throw error;
    }
  };
}

/** Uses the socket's own address, so that a docker context of the user does not redirect it. */
const stdioScript = (path: string): string =>
  [
    'export LC_ALL=C',
    `s=${quote(path)}`,
    // socat takes a tenth of the docker command's start time, and each stream of a host starts one.
    'if [ -e "$s" ] && command -v socat >/dev/null 2>&1; then exec socat -t 10 - "UNIX-CONNECT:$s"; fi',
    'if command -v docker >/dev/null 2>&1; then unset DOCKER_HOST DOCKER_CONTEXT; exec docker -H "unix://$s" system dial-stdio; fi',
    `[ -e "$s" ] && exit ${NO_CLIENT}`,
    `exit ${NO_DOCKER}`,
  ].join('\n');

const explain =
  (become: Become, path: string) =>
  (exit: Exit, stderr: string): OrchError | undefined => {
    const details = stderr.trim().slice(-2000);
    if (exit.code === 0) return undefined;
    if (exit.code === NO_DOCKER)
      return new OrchError('DOCKER_NOT_FOUND', 'Docker is not installed on the host', {
        hint: 'install Docker Engine there (docker.io or docker-ce)',
      });
    if (exit.code === NO_CLIENT)
      return new OrchError('DOCKER_DENIED', `${path} is there, but nothing to reach it with`, {
        hint: 'install the docker CLI or socat on the host, or let the login user open the socket',
      });
    if (/permission denied/i.test(details))
      return new OrchError('DOCKER_DENIED', `the login user may not open ${path}`, {
        details,
        hint:
          become === 'sudo'
            ? 'check what sudo lets this user do'
            : 'set become: sudo, or add the user to the group docker',
      });
    return new OrchError('DOCKER_UNREACHABLE', 'the Docker Engine on the host does not respond', {
      details,
      hint: 'start it there: systemctl start docker; its log: journalctl -u docker',
      retryable: true,
    });
  };
