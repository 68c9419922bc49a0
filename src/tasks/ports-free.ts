import { z } from 'zod';
import { addressWithPort } from '../core/base/address-text.ts';
import { defined } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import { portNumber } from '../core/base/port-number.ts';
import type { Reader } from '../core/host/connection.ts';
import { nameOrId } from '../core/host/container-name.ts';
import type { ContainerInspect } from '../core/host/docker.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { addressesOverlap } from '../docker/address-overlap.ts';
import { canBind, shownAddresses } from './ports-free/own-address.ts';

const params = z.strictObject({
  /** Host addresses and ports that will be published. */
  ports: z
    .array(
      z.strictObject({
        address: z.string(),
        port: portNumber,
        protocol: z.enum(['tcp', 'udp']).default('tcp'),
      }),
    )
    .readonly(),
  /** Names of api7-orch's own containers, which may hold them. */
  except: z.array(z.string()).readonly(),
});

type Params = z.output<typeof params>;

/** Containers that another command takes over, without an interruption. */
export interface TakeOver {
  /** The command. */
  readonly by: string;
  /** This run does it: they are not in the way. */
  readonly now: boolean;
  /** Their ids. Asked for only where a container of another tool has one of the ports. */
  containers(host: Reader): Promise<readonly string[]>;
}

interface Port {
  readonly address: string;
  readonly port: number;
  /** `tcp` or `udp`. */
  readonly protocol: string;
}

/** The holder of a port: another tool's container, or a process without a container, possibly without a name. */
type Taken = {
  readonly port: string;
  readonly protocol: string;
  readonly container?: string;
  readonly process?: string;
  /** Its container can be taken over. */
  readonly adoptable?: true;
};

type Ports = {
  readonly host: string;
  readonly taken: readonly Taken[];
  /** Ports with an address that no interface of the host has. */
  readonly strays: readonly Port[];
  readonly own: readonly string[];
};

/** `portsFree` on a host on which containers may be taken over. */
export const portsFreeBut = (takeOver?: TakeOver) =>
  defineGate<typeof params, Ports>({
    kind: 'portsFree',
    params,
    title: ({ ports }) => `portsFree ${[...new Set(ports.map(({ port }) => port))].join(' ')}`,
    look: (p, host) => lookAt(p, host, takeOver),
    met: (_p, { taken, strays }) => taken.length + strays.length === 0,
    unmet: (_p, { host, taken, strays, own }) =>
      taken.length > 0 ? portTaken(host, taken, takeOver?.by) : addressMissing(host, strays, own),
  });

/**
 * Gate: these ports can be published. No other container and no process of the host listens there, and the host has the
 * addresses. Never waits.
 *
 * @throws OrchError PORT_TAKEN naming port and container or process; ADDRESS_MISSING naming the existing addresses
 * @example yield portsFree({ ports: [{ address: '0.0.0.0', port: 9080 }], except: ['api7-gateway'] });
 */
export const portsFree = portsFreeBut();

function portTaken(host: string, taken: readonly Taken[], by: string | undefined): OrchError {
  const holder = ({ container, process }: Taken): string => {
    if (container !== undefined) return `container "${container}", which api7-orch did not create`;
    return process === undefined ? 'a process of the host' : `process "${process}" of the host`;
  };
  const containers = [...new Set(taken.flatMap(({ container }) => container ?? []))];
  const listed = taken.every(({ protocol }) => protocol === 'udp') ? 'ss -lunp' : 'ss -ltnp';
  const stop =
    containers.length === 0 ? `find it (${listed}) and stop it` : `stop it (docker stop ${containers.join(' ')})`;
  const other = `${stop}, or bind other addresses in the inventory's api7.bind`;
  const canAdopt = by !== undefined && taken.some(({ adoptable }) => adoptable);
  const held = [...Map.groupBy(taken, holder)].map(([by, ports]) => {
    const [last = '', ...others] = ports.map(({ port }) => port).toReversed();
    return others.length === 0
      ? `port ${last} is held by ${by}`
      : `ports ${others.toReversed().join(', ')} and ${last} are held by ${by}`;
  });
  return new OrchError('PORT_TAKEN', held.join('; '), {
    hint: canAdopt ? `to take it over without an interruption: ${by}; else ${other}` : other,
    host,
  });
}

function addressMissing(host: string, strays: readonly Port[], own: readonly string[]): OrchError {
  const addresses = [...new Set(strays.map(({ address }) => address))].join(', ');
  const ports = [...new Set(strays.map(({ port }) => port))].join(', ');
  return new OrchError(
    'ADDRESS_MISSING',
    `no interface of ${host} has the address ${addresses}, to which port ${ports} is bound; it has ${own.join(', ') || 'none'}`,
    {
      hint: 'an elastic or translated address is not on the host itself: bind these ports to one of its own addresses or to 0.0.0.0 by api7.bind',
      host,
    },
  );
}

async function lookAt({ ports, except }: Params, host: Reader, takeOver?: TakeOver): Promise<Ports> {
  const [containers, ours, network] = await Promise.all([
    host.docker.containers(),
    Promise.all(except.map((name) => host.docker.container(name))),
    host.network(),
  ]);
  const published = containers.flatMap(({ Names, Ports, Id }) => {
    const name = nameOrId(Names[0], Id);
    return Ports.flatMap(({ IP = '', PublicPort, Type }) =>
      PublicPort === undefined ? [] : [{ id: Id, name, address: IP, port: PublicPort, protocol: Type }],
    );
  });
  const foreign = published.filter(({ name }) => !except.includes(name));
  const inTheWay = foreign.some((one) => ports.some(overlaps(one)));
  const adoptable = new Set(inTheWay ? await takeOver?.containers(host) : []);
  const others = takeOver?.now === true ? foreign.filter(({ id }) => !adoptable.has(id)) : foreign;
  const byDocker = [...published, ...ours.flatMap(bindingsOf)];
  // A container in the host's own network listens like any process and cannot be distinguished from one.
  const blind = ours.some((found) => found?.State.Running && found.HostConfig.NetworkMode === 'host');
  const strangers = blind ? [] : network.listening.filter((one) => !byDocker.some(overlaps(one)));
  // The name of a process costs the host far more than the socket itself: requested only for a taken port.
  const isHeld = strangers.some((one) => ports.some(overlaps(one)));
  const named = isHeld ? (await host.network({ processes: true })).listening : [];
  const processes = strangers.map((one) => named.find(sameSocket(one)) ?? one);
  const taken = ports.flatMap((port): readonly Taken[] => {
    const { protocol } = port;
    const text = `${addressWithPort(port.address, port.port)}${protocol === 'udp' ? '/udp' : ''}`;
    const container = others.find(overlaps(port));
    if (container !== undefined) {
      const canAdopt = adoptable.has(container.id) ? ({ adoptable: true } as const) : {};
      return [{ port: text, protocol, container: container.name, ...canAdopt }];
    }
    const listener = processes.find(overlaps(port));
    if (listener === undefined) return [];
    return [{ port: text, protocol, ...defined({ process: listener.process }) }];
  });
  return {
    host: host.name,
    taken,
    strays: ports.filter(({ address }) => !canBind(address, network)),
    own: shownAddresses(network),
  };
}

const overlaps =
  (a: Port) =>
  (b: Port): boolean =>
    a.port === b.port && a.protocol === b.protocol && addressesOverlap(a.address, b.address);

const sameSocket =
  (a: Port) =>
  (b: Port): boolean =>
    a.port === b.port && a.protocol === b.protocol && a.address === b.address;

/**
 * Ports that an own container will publish: between two starts Docker does not list them, but may hold them at any
 * moment.
 */
function bindingsOf(found: ContainerInspect | null): readonly Port[] {
  if (!found?.State.Running) return [];
  return Object.entries(found.HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => ({
      address: HostIp,
      port: Number(HostPort),
      protocol: port.split('/')[1] ?? 'tcp',
    })),
  );
}
