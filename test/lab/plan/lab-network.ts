import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { missing } from '../hosts/engine.ts';
import { LabError } from '../lab-error.ts';

// 10.231.0.0/16 in slices of 256 addresses.
const prefix = '10.231';

/**
 * The first slice that no network of the engine uses, or the `preferred` one where that is free.
 * @example await freeSubnet(docker) // '10.231.0.0/24'
 */
export async function freeSubnet(docker: Docker, preferred?: string): Promise<string> {
  const networks = await docker.listNetworks();
  const taken = new Set(networks.flatMap((network) => (network.IPAM?.Config ?? []).map((config) => config.Subnet)));
  if (preferred !== undefined && !taken.has(preferred)) return preferred;
  for (let slice = 0; slice < 256; slice += 1) {
    const subnet = `${prefix}.${slice}.0/24`;
    if (!taken.has(subnet)) return subnet;
  }
  throw new LabError(`no free network below ${prefix}.0.0/16: remove old labs with \`npm run lab -- down\``);
}

/** An address in a subnet by its last byte. @example addressIn('10.231.0.0/24', 11) // '10.231.0.11' */
export function addressIn(subnet: string, byte: number): string {
  return subnet.replace(/\.0\/24$/, `.${byte}`);
}

/** How long the Engine may take to free the addresses of a network that it removes. */
const FREED_MS = 10_000;

/** Makes the lab's network unless it is there. */
export async function ensureNetwork(
  docker: Docker,
  network: { readonly name: string; readonly subnet: string; readonly labels: Readonly<Record<string, string>> },
): Promise<void> {
  const found = await docker.getNetwork(network.name).inspect().catch(missing);
  if (found !== false) return;
  for (const until = performance.now() + FREED_MS; ; ) {
    const failed = await docker
      .createNetwork({
        Name: network.name,
        CheckDuplicate: true,
        Driver: 'bridge',
        Labels: { ...network.labels },
        IPAM: { Driver: 'default', Config: [{ Subnet: network.subnet, Gateway: addressIn(network.subnet, 1) }] },
      })
      .then(
        () => undefined,
        (cause: Error) => cause,
      );
    if (failed === undefined) return;
    // A network that is being removed is in no list any more, but still has its addresses.
    if (!failed.message.includes('overlaps') || performance.now() > until)
      throw new LabError(`cannot make the network ${network.subnet}: ${failed.message}`, { cause: failed });
    await sleep(250);
  }
}
