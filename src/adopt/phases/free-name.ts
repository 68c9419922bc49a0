import type { Reader } from '../../core/host/connection.ts';

/** Names that are tried: more than a host keeps. */
const MOST = 50;

/** A name that no container of the host has: the wanted one, or with a number behind it. */
export async function freeName(wanted: string, { docker }: Reader): Promise<string> {
  for (let count = 1; count < MOST; count++) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if ((await docker.container(name)) === null) return name;
  }
  return wanted;
}
