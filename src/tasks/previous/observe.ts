import { digestOf, sha256 } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import { precomputeDigests, stretchedDigest } from '../../core/base/secret.ts';
import type { Reader, Stat } from '../../core/host/connection.ts';
import { type ContainerInspect, hasProcess } from '../../core/host/docker.ts';
import { sameAgain } from '../../docker/spec.ts';
import { rememberedBy } from '../container/labels.ts';
import { type KeptFile, type PreviousRecord, parseRecord, RECORD_LIMIT, recordPath, type SeenState } from './record.ts';

/** What a container runs now, or why a node could not return to it. */
export type Present = { readonly state: SeenState } | { readonly why: string };

/** Reads a container's settings and the files that its tasks have written. */
export async function readPresent(container: string, host: Reader): Promise<Present> {
  const found = await host.docker.container(container);
  if (found === null) return { why: `container ${container} did not exist` };
  const { spec, restartOn } = rememberedBy(found.Config.Labels ?? {});
  if (spec === null) return { why: `container ${container} was not created by api7-orch` };
  const paths = Object.keys(restartOn).flatMap((claim) => (claim.startsWith('file:') ? [claim.slice(5)] : []));
  const files = await Promise.all(paths.map((path) => readGiven(path, found, restartOn[`file:${path}`] ?? '', host)));
  const edited = files.find((file) => 'why' in file);
  if (edited !== undefined) return edited;
  const kept = files.filter((file): file is KeptFile => !('why' in file)).sort((a, b) => (a.path < b.path ? -1 : 1));
  const { Image: image, Config } = found;
  return { state: { image, ref: Config.Image, body: sameAgain(found, image), files: kept } };
}

/** Reads a file if it is unchanged since the container got it; an edited file is not what ran. */
async function readGiven(
  path: string,
  found: ContainerInspect,
  label: string,
  host: Reader,
): Promise<KeptFile | { readonly why: string }> {
  const target = found.HostConfig.Mounts?.find(({ Source }) => Source === path)?.Target;
  const [stat, content, seen] = await Promise.all([
    host.stat(path),
    host.read(path, FILE_LIMIT).catch(tooLarge),
    target === undefined || !hasProcess(found) ? null : host.sha256(`/proc/${found.State.Pid}/root${target}`),
  ]);
  if (stat === null || content === null) return { why: `${path} was removed externally` };
  if (content === 'too large') return { why: `${path} is too large to be kept` };
  const digest = sha256(content);
  if ((seen !== null && seen !== digest) || !(await isAsGiven(label, digest, stat)))
    return { why: `${path} was edited externally` };
  return { path, mode: stat.mode, uid: stat.uid, gid: stat.gid, content: content.toString('base64') };
}

/**
 * Whether a file matches the task digest in the container's label. The task may have declared owner and group by name
 * or number, and secret content by a stretched digest.
 */
async function isAsGiven(label: string, digest: string, { type, mode, ...stat }: Stat): Promise<boolean> {
  const is = (content: string): boolean =>
    [stat.owner, stat.uid].some((owner) =>
      [stat.group, stat.gid].some((group) => digestOf({ type, digest: content, mode, owner, group }) === label),
    );
  if (is(digest)) return true;
  await precomputeDigests([digest]);
  return is(stretchedDigest(digest));
}

/** Configuration files have some kilobytes. */
const FILE_LIMIT = 512 * 1024;

function tooLarge(error: unknown): 'too large' {
  if (error instanceof OrchError && error.code === 'FILE_TOO_LARGE') return 'too large';
  throw error;
}

/** The host's record of a container; `null`: none, or unreadable. */
export async function readRecord(container: string, host: Reader): Promise<PreviousRecord | null> {
  const content = await host.read(recordPath(container), RECORD_LIMIT);
  return content === null ? null : parseRecord(content.toString('utf8'));
}
