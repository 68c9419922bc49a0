import type { ConnectOptions } from './connect.ts';

/** Says which key was trusted and where it was written: nobody should have to find out later. */
export const newHostKeyNotice =
  (stderr: NodeJS.WriteStream): NonNullable<ConnectOptions['onNewHostKey']> =>
  ({ host, fingerprint, file }) => {
    stderr.write(
      `new host key of ${host} accepted: ${fingerprint}, ${file === '/dev/null' ? 'for this run only' : `added to ${file}`}\n`,
    );
  };
