import { posix } from 'node:path';
import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import { type Refusal, refusal } from './refusal.ts';
import { shortName, typed } from './words.ts';

const LABEL = 'com.docker.compose.project';

/** A project has few files. */
const MOST = 20;

/** What the hint renames a file to. */
const released = (file: string): string => `${file}.released`;

/** Whether compose has created a container. */
export const isOfCompose = ({ Config }: Pick<ContainerInspect, 'Config'>): boolean =>
  Config.Labels?.[LABEL] !== undefined;

/**
 * The compose project that a container belongs to. Its labels stay for as long as the container is there: a project whose files
 * are gone owns nothing any more.
 */
export async function composeRefusal(found: ContainerInspect, host: Reader): Promise<readonly Refusal[]> {
  const labels = found.Config.Labels ?? {};
  const project = labels[LABEL];
  if (project === undefined) return [];
  const directory = labels[`${LABEL}.working_dir`] ?? '';
  const { files, isExact } = filesOf(labels[`${LABEL}.config_files`] ?? '', directory);
  const file = await firstThere(files, host);
  const isGone = file === undefined && files.length > 0;
  // Where a file was only guessed, its absence alone shows nothing.
  if (isGone && (isExact || (await firstThere(files.map(released), host)) !== undefined)) return [];
  const name = shortName(found);
  const where = file ?? `docker-compose.yaml in ${directory || 'its directory'}`;
  const rename = file === undefined ? `rename ${where}` : `mv ${typed(file, released(file))}`;
  return [
    refusal(
      'COMPOSE',
      `${name}: it belongs to the compose project ${project}, whose next "up" would start it again`,
      `release it, which stops nothing: ${rename}; or take its service out of the file and pass --unmanaged ${typed(name)}`,
    ),
  ];
}

/** docker-compose 1 has the words of its command line in this label: its file is in the directory of the project, unless that was stated. */
function filesOf(label: string, directory: string): { readonly files: readonly string[]; readonly isExact: boolean } {
  const named = label.split(',').slice(0, MOST);
  const exact = named.filter((file) => file.startsWith('/'));
  if (exact.length > 0 || label === '' || !directory.startsWith('/')) return { files: exact, isExact: true };
  return { files: named.map((file) => posix.join(directory, posix.basename(file))), isExact: false };
}

async function firstThere(files: readonly string[], host: Reader): Promise<string | undefined> {
  const stats = await Promise.all(files.map((file) => host.stat(file)));
  return files.find((_, at) => stats[at] !== null);
}
