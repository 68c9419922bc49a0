import type { Path, Problem } from '../problem.ts';

/** The address and port that clients, balancers and health checks expect. */
export interface Expected {
  readonly port: number;
  /** The key of the address: `ip` or `host`. */
  readonly address: 'ip' | 'host';
  /** The key under `api7.bind` for the host's addresses of the port. */
  readonly bind: string;
}

/** Inside the container a service listens on all addresses; other settings choose the published host addresses. */
export const EVERYWHERE = '0.0.0.0';

export const problemAt = (path: Path, message: string): Problem => ({ path, at: 'value', message });

/** A single listener: its port and address must be the published ones. */
export function mustBe(
  fields: ReadonlyMap<string, unknown>,
  path: Path,
  { port, address, bind }: Expected,
): readonly Problem[] {
  const problems: Problem[] = [];
  const given = fields.get('port');
  if (given !== undefined && given !== null && given !== port)
    problems.push(
      problemAt([...path, 'port'], `must be ${port}: this port is published, checked and balanced; remove the setting`),
    );
  const on = fields.get(address);
  if (on !== undefined && on !== null && on !== EVERYWHERE)
    problems.push(problemAt([...path, address], elsewhere(bind)));
  return problems;
}

/** A published port leads to the container's own address, never to its loopback. */
export const elsewhere = (bind: string): string =>
  `must be ${EVERYWHERE} inside the container; set api7.bind.${bind} to publish the port on some addresses of the host only`;
