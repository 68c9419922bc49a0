import { OrchError } from '../../core/base/errors.ts';
import { matchPattern, type PatternNames } from '../pattern.ts';
import type { Path } from '../problem.ts';
import { fieldsOf, textOf, valueIn } from './loose.ts';

export type Fields = ReadonlyMap<string, unknown>;

/** A gateway group in the file; without `gateway_groups` one group of all gateways. */
export interface FileGroup {
  /** Its position in the file. */
  readonly path: Path;
  readonly hosts: readonly string[];
  /** Its own settings, without those of `api7.gateway`. */
  readonly own: Fields;
  /** Its own setting, else that of `api7.gateway`, with its position; undefined if neither has it. */
  setting(...names: readonly string[]): { readonly value: unknown; readonly path: Path } | undefined;
}

const SHARED: Path = ['api7', 'gateway'];

/** The gateway groups of a file, in its order. */
export function fileGroups(file: Fields, names: PatternNames): readonly FileGroup[] {
  const shared = fieldsOf(valueIn(file, ['api7', 'gateway']));
  const groupOf = (path: Path, hosts: readonly string[], own: Fields): FileGroup => ({
    path,
    hosts,
    own,
    setting(...names) {
      const [mine, common] = [own, shared].map((fields) => valueIn(fields, names));
      if (mine !== undefined) return { value: mine, path: [...path, ...names] };
      return common === undefined ? undefined : { value: common, path: [...SHARED, ...names] };
    },
  });
  if (!file.has('gateway_groups')) return [groupOf(SHARED, names.groups.get('data_plane') ?? [], shared)];
  return [...fieldsOf(file.get('gateway_groups'))].map(([name, value]) => {
    const own = fieldsOf(value);
    return groupOf(['gateway_groups', name], matching(names, textOf(own.get('hosts'))), own);
  });
}

/** Hosts of a pattern; none for an invalid one, which `mismatch` reports. */
export const matching = (names: PatternNames, pattern: string | undefined): readonly string[] =>
  pattern === undefined || mismatch(names, pattern) !== undefined ? [] : matchPattern(names, pattern);

/** Why a pattern matches no host; undefined if it does. */
export function mismatch(names: PatternNames, pattern: string): string | undefined {
  try {
    matchPattern(names, pattern);
    return undefined;
  } catch (error) {
    if (!(error instanceof OrchError)) throw error;
    return `${error.message}; ${error.hint}`;
  }
}
