import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { inDirectory } from '../../support/base/in-directory.ts';
import { hasImage } from '../hosts/engine.ts';
import { LabError, tail } from '../lab-error.ts';
import { aptSources } from './apt-sources.ts';

const upstream = { repo: 'debian', tag: 'bookworm-slim' };
const ours = { repo: 'api7-orch-lab/debian', tag: 'bookworm' };
const firstAnswerMs = 15_000;
const wholePullMs = 300_000;

/**
 * Debian 12 as an image: pulled from a reachable registry, otherwise made with debootstrap (root). The result gets a tag of the
 * lab, so neither way is tried a second time.
 * @example await ensureBaseImage(docker, console.error) // 'api7-orch-lab/debian:bookworm'
 */
export async function ensureBaseImage(docker: Docker, note: (line: string) => void): Promise<string> {
  const reference = `${ours.repo}:${ours.tag}`;
  if (await hasImage(docker, reference)) return reference;
  const from = `${upstream.repo}:${upstream.tag}`;
  if (!(await hasImage(docker, from))) {
    note(`pulling ${from}`);
    const refusal = await pull(docker, from);
    if (refusal !== null) {
      note(`no registry (${refusal}): building Debian 12 with debootstrap, about half a minute`);
      await debootstrap(docker);
      return reference;
    }
  }
  await docker.getImage(from).tag(ours);
  return reference;
}

/** Null when pulled, otherwise the reason. A registry without a first response is not waited for. */
async function pull(docker: Docker, reference: string): Promise<string | null> {
  const limit = new AbortController();
  const first = setTimeout(() => limit.abort(new Error('no answer')), firstAnswerMs);
  const whole = setTimeout(() => limit.abort(new Error('too slow')), wholePullMs);
  try {
    const stream = await docker.pull(reference, { abortSignal: limit.signal });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        () => clearTimeout(first),
      );
    });
    return null;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : String(error);
  } finally {
    clearTimeout(first);
    clearTimeout(whole);
  }
}

async function debootstrap(docker: Docker): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new LabError('no registry can be reached, and debootstrap needs root: run this once as root');
  }
  await inDirectory(async (path) => {
    const { mirror } = await aptSources();
    const args = ['--variant=minbase', '--include=ca-certificates', 'bookworm', path('root'), mirror];
    await promisify(execFile)('debootstrap', args, { maxBuffer: 64 << 20, timeout: 900_000 }).catch((cause) => {
      throw new LabError(
        'debootstrap failed: is it installed (`apt-get install debootstrap`), is a mirror reachable?',
        {
          log: tail(`${cause.stdout ?? ''}${cause.stderr ?? cause}`),
          cause,
        },
      );
    });
    const tar = spawn('tar', ['-C', path('root'), '--one-file-system', '-c', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const stream = await docker.importImage(tar.stdout, ours);
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
    });
  });
}
