import type { ConnectOptions } from './connect.ts';

/**
 * Says which key was trusted, where it was written, and which lines of known_hosts could have vouched for it but are not
 * understood: nobody should have to find out later.
 */
export const newHostKeyNotice =
  (stderr: NodeJS.WriteStream): NonNullable<ConnectOptions['onNewHostKey']> =>
  ({ host, fingerprint, file, passedOver }) => {
    const where = file === '/dev/null' ? 'for this run only' : `added to ${file}`;
    stderr.write(`new host key of ${host} accepted: ${fingerprint}, ${where}\n`);
    for (const line of passedOver)
      stderr.write(
        `warning: ${line}; nothing vouches for the key of ${host}: compare the fingerprint there (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub)\n`,
      );
  };
