import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { bytesOf } from './tar-bytes.ts';

export interface HostResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a bash script on a host as root, through the engine of this machine and not through the host's sshd: it works
 * whatever a test has done to that. Never throws for an exit code.
 * @example await hostExec(docker, 'api7-lab-1a2b3c-gw-1', 'docker ps -q')
 */
export async function hostExec(docker: Docker, container: string, script: string): Promise<HostResult> {
  const exec = await docker
    .getContainer(container)
    .exec({ Cmd: ['bash', '-c', script], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const out = new PassThrough();
  const err = new PassThrough();
  docker.modem.demuxStream(stream, out, err);
  const end = () => {
    out.end();
    err.end();
  };
  stream.on('end', end).on('close', end).on('error', end);
  const [outBytes, errBytes] = await Promise.all([bytesOf(out), bytesOf(err)]);
  const { ExitCode } = await exec.inspect();
  return { code: ExitCode ?? -1, out: outBytes.toString(), err: errBytes.toString() };
}
