import { isAbsolute, join } from 'node:path';
import { homeDirectory } from '../core/base/home.ts';

/** `${XDG_CACHE_HOME:-~/.cache}/api7-orch`; a relative XDG_CACHE_HOME is ignored, as its specification requires. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.XDG_CACHE_HOME;
  return join(given !== undefined && isAbsolute(given) ? given : join(homeDirectory(), '.cache'), 'api7-orch');
}
