import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Reader } from '../core/host/connection.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { addressesOverlap } from '../docker/address-overlap.ts';
import { bindingText } from '../docker/spec.ts';

const params = z.strictObject({
  /** Host addresses and ports that are going to be published. */
  ports: z.array(z.strictObject({ address: z.string(), port: z.int().min(1).max(65_535) })).readonly(),
  /** Names of containers that may hold them: ours. */
  except: z.array(z.string()).readonly(),
});

type Params = z.output<typeof params>;

type Taken = { readonly port: string; readonly by: string };

type Ports = { readonly host: string; readonly taken: readonly Taken[] };

/**
 * A gate: none of these ports is published by a container that is not ours. It never waits.
 *
 * @throws OrchError PORT_TAKEN naming port and container
 * @example yield portsFree({ ports: [{ address: '0.0.0.0', port: 9080 }], except: ['api7-gateway'] });
 */
export const portsFree = defineGate<typeof params, Ports>({
  kind: 'portsFree',
  params,
  title: ({ ports }) => `portsFree ${[...new Set(ports.map(({ port }) => port))].join(' ')}`,
  look: async (p, host) => ({ host: host.name, taken: await takenPorts(p, host) }),
  met: (_p, { taken }) => taken.length === 0,
  unmet: (_p, { host, taken }) => {
    const list = taken.map(({ port, by }) => `port ${port} is held by container "${by}"`).join('; ');
    const names = [...new Set(taken.map(({ by }) => by))].join(' ');
    return new OrchError('PORT_TAKEN', `${list}, which is not ours`, {
      hint: `stop it (docker stop ${names}), or bind other addresses in the inventory's api7.bind`,
      host,
    });
  },
});

async function takenPorts({ ports, except }: Params, host: Reader): Promise<readonly Taken[]> {
  const others = (await host.docker.containers()).flatMap(({ Names, Ports, Id }) => {
    const name = Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12);
    return except.includes(name) ? [] : Ports.map((published) => ({ name, published }));
  });
  return ports.flatMap(({ address, port }) =>
    others
      .filter(
        ({ published: { IP, PublicPort, Type } }) =>
          Type === 'tcp' && PublicPort === port && addressesOverlap(address, IP ?? ''),
      )
      .slice(0, 1)
      .map(({ name }) => ({ port: bindingText(address, port), by: name })),
  );
}
