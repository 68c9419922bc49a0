import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2, { type ClientChannel } from 'ssh2';
import { LabError } from '../lab-error.ts';
import { type LabFile, labHost } from '../plan/lab-file.ts';
import type { HostName } from '../plan/topology.ts';
import { hostKey } from './ssh-files.ts';

const connectWithinMs = 10_000;

/**
 * A login as `ops` on a host, its terminal, input, output and exit code passed through; runs the command if there is one,
 * otherwise a shell. It needs no ssh program on this machine. Resolves with the exit code, 255 when the connection broke.
 * @example process.exitCode = await sshSession('.lab', lab, 'gw-1', 'docker ps')
 */
export async function sshSession(directory: string, lab: LabFile, name: HostName, command?: string): Promise<number> {
  const expected = Buffer.from((await hostKey(directory, name)).public.split(' ')[1] ?? '', 'base64');
  const privateKey = await readFile(join(directory, 'ssh/id_ed25519'), 'utf8');
  const client = new ssh2.Client();
  const ready = new Promise<void>((resolve, reject) => client.once('ready', resolve).on('error', reject));
  client
    .on('connect', () => client.setNoDelay(true))
    .connect({
      host: '127.0.0.1',
      port: labHost(lab, name).ports.ssh ?? 22,
      username: 'ops',
      privateKey,
      readyTimeout: connectWithinMs,
      hostVerifier: (key: Buffer) => key.equals(expected),
    });
  try {
    await ready.catch((cause) => {
      throw new LabError(
        `${name} does not take the login (${cause.message}): \`npm run lab -- status\` shows its state`,
        { cause },
      );
    });
    return await session(client, command);
  } finally {
    client.end();
  }
}

async function session(client: ssh2.Client, command: string | undefined): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const terminal = stdin.isTTY && stdout.isTTY && command === undefined;
  const window = () => ({ rows: stdout.rows, cols: stdout.columns, width: 0, height: 0 });
  let code = 255;
  const ended = Promise.withResolvers<void>();
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    const opened = (error: Error | undefined, opening: ClientChannel) => {
      if (error) return reject(error);
      // At once: the end of a short command can be in the same packet as its beginning.
      opening.on('exit', (status: number | null) => {
        code = status ?? 255;
      });
      opening.once('close', ended.resolve);
      resolve(opening);
    };
    if (command !== undefined) client.exec(command, opened);
    else if (terminal) client.shell({ ...window(), term: process.env.TERM ?? 'xterm' }, opened);
    else client.exec('bash -s', opened);
  });
  const resize = () => channel.setWindow(stdout.rows, stdout.columns, 0, 0);
  if (terminal) {
    stdin.setRawMode(true);
    stdout.on('resize', resize);
  }
  try {
    stdin.pipe(channel);
    channel.pipe(stdout, { end: false });
    channel.stderr.pipe(stderr, { end: false });
    await ended.promise;
    return code;
  } finally {
    stdout.off('resize', resize);
    if (terminal) stdin.setRawMode(false);
    stdin.unpipe(channel);
    stdin.pause();
    stdin.unref?.();
  }
}
