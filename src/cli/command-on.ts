import { relative } from 'node:path';
import { typedLine } from '../core/base/argv.ts';

/**
 * A command on the hosts of an inventory, to be copied: its file is as an operator would type it in the current
 * directory. `more`: words behind it.
 *
 * @example commandOn(inventory, ['lb', 'restore', 'gw-1']) // 'api7-orch lb restore gw-1 -i prod.yaml'
 */
export const commandOn = (
  { file }: { readonly file: string },
  words: readonly string[],
  more: readonly string[] = [],
): string => typedLine(['api7-orch', ...words, '-i', typedPath(file), ...more]);

function typedPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near === '' || near.startsWith('..') ? file : near;
}
