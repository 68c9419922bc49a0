import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import { observedYaml } from '../../tasks/yaml-file/observed-yaml.ts';
import { mountsOf } from './mounts.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { FoundConfig } from './running-service.ts';
import { shortName, typed } from './words.ts';

/** An entry point may write its configuration while it starts. */
const START_MS = 5000;

const RESTART = 'restart the container while its node is drained, then run this again: docker restart';

/** The configuration of a service, and what is wrong with it. */
export interface ReadConfig {
  readonly config: FoundConfig;
  readonly refusals: readonly Refusal[];
}

/**
 * The configuration as the process sees it. What the Engine reads from a container is not that: after a rename over a
 * mounted file it is the new one, while the process still has the old one. Both must be the same.
 */
export async function foundConfig(found: ContainerInspect, path: string, host: Reader): Promise<ReadConfig> {
  const name = shortName(found);
  const source = mountsOf(found).binds.find(({ target }) => target === path)?.source;
  const config: FoundConfig = source === undefined ? {} : { source };
  // It has no process whose file could be read; NOT_RUNNING reports that.
  if (found.State.Pid <= 0) return { config, refusals: [] };
  const [seen, now] = await Promise.all([
    host.read(`/proc/${found.State.Pid}/root${path}`),
    host.docker.file(found.Id, path),
  ]);
  if (seen === null || now === null) {
    const why = now === null ? 'is not a file' : 'cannot be read as its process sees it';
    const hint =
      now === null
        ? `see what is there: docker exec ${typed(name, 'ls', '-ld', path)}`
        : 'set become: sudo, for that needs root';
    return { config, refusals: [refusal('CONFIG_UNREADABLE', `${name}: ${path} ${why}`, hint)] };
  }
  const file = source ?? path;
  // The process may have an older file, or a path that leads out of the container: its content is taken only if both agree.
  if (!seen.equals(now.content))
    return {
      config,
      refusals: [edited(name, `${file} was replaced since it started: its process still has the old file`)],
    };
  const read = observedYaml(seen.toString('utf8'));
  // A file of comments leaves all to the defaults.
  const content = read === null ? {} : read;
  if (content === undefined || typeof content !== 'object' || Array.isArray(content))
    return {
      config,
      refusals: [refusal('CONFIG_UNREADABLE', `${name}: ${file} is not one YAML block`, `correct the file ${file}`)],
    };
  const startedMs = Date.parse(found.State.StartedAt);
  if (source !== undefined && now.modifiedMs > startedMs + START_MS) {
    const when = new Date(now.modifiedMs).toISOString();
    return {
      config: { ...config, content },
      refusals: [
        edited(name, `${file} was changed at ${when}, after its start at ${new Date(startedMs).toISOString()}`),
      ],
    };
  }
  return { config: { ...config, content }, refusals: [] };
}

const edited = (name: string, what: string): Refusal =>
  refusal('CONFIG_EDITED', `${name}: ${what}`, `${RESTART} ${typed(name)}`);
