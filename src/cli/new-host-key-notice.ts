import type { ConnectOptions } from './connect.ts';
import { printLine } from './print/print-line.ts';

/**
 * Reports which key was trusted, its file, and which lines of known_hosts could have confirmed it but were not
 * understood.
 */
export const newHostKeyNotice =
  (stderr: NodeJS.WriteStream): NonNullable<ConnectOptions['onNewHostKey']> =>
  ({ host, fingerprint, file, passedOver }) => {
    const where = file === '/dev/null' ? 'for this run only' : `added to ${file}`;
    printLine(stderr, `new host key of ${host} accepted: ${fingerprint}, ${where}`);
    for (const line of passedOver)
      printLine(
        stderr,
        `warning: ${line}; nothing vouches for the key of ${host}: compare the fingerprint there (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub)`,
      );
  };
