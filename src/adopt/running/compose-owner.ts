import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import { type Refusal, refusal } from './refusal.ts';
import { shortName, typed } from './words.ts';

const LABEL = 'com.docker.compose.project';

/** A project has few files. */
const MOST = 20;

/**
 * The compose project that a container belongs to. Its labels stay for as long as the container is there: a project whose files
 * are gone owns nothing any more.
 */
export async function composeRefusal(found: ContainerInspect, host: Reader): Promise<readonly Refusal[]> {
  const labels = found.Config.Labels ?? {};
  const project = labels[LABEL];
  if (project === undefined) return [];
  const files = (labels[`${LABEL}.config_files`] ?? '')
    .split(',')
    .slice(0, MOST)
    .filter((file) => file.startsWith('/'));
  const stats = await Promise.all(files.map((file) => host.stat(file)));
  const [file] = files.filter((_, at) => stats[at] !== null);
  if (files.length > 0 && file === undefined) return [];
  const name = shortName(found);
  const where = file ?? `docker-compose.yaml in ${labels[`${LABEL}.working_dir`] ?? 'its directory'}`;
  const rename = file === undefined ? `rename ${where}` : `mv ${typed(file, `${file}.released`)}`;
  return [
    refusal(
      'COMPOSE',
      `${name}: it belongs to the compose project ${project}, whose next "up" would start it again`,
      `release it, which stops nothing: ${rename}; or take its service out of the file and pass --unmanaged ${typed(name)}`,
    ),
  ];
}
