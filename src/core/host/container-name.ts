/**
 * The name of a container without the slash that the Engine puts before it.
 *
 * @example containerName('/api7-gateway') // 'api7-gateway'
 */
export const containerName = (name: string): string => name.replace(/^\//, '');

/** The same, or the short id of a container without a name. @example nameOrId(Names[0], Id) */
export const nameOrId = (name: string | undefined, id: string): string => containerName(name ?? '') || id.slice(0, 12);
