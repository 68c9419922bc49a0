import { typedLine } from '../../core/base/argv.ts';
import { nameOrId } from '../../core/host/container-name.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';

/** The name of a container in messages and commands. */
export const shortName = ({ Name, Id }: Pick<ContainerInspect, 'Name' | 'Id'>): string => nameOrId(Name, Id);

/** Words of a command for people. No argument carries a NUL. */
export const typed = (...words: readonly string[]): string => typedLine(words.map((word) => word.replaceAll('\0', '')));
