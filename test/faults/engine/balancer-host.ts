import { LEASES, leasePath } from '../../../src/lb/lease.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import type { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import type { Admin, Member } from '../world.ts';

const ROOT = { owner: 'root', group: 'root' } as const;

/** Health checks of the balancers: quick, so that little time is spent on waiting for them. */
export const CHECKS = { everyMs: 500, fall: 2, rise: 2 };
const CONFIG = ['backend gateways', '  default-server inter 500 fall 2 rise 2'];

/** By then every balancer has seen whether a gateway lives. */
export const NOTICED_MS = CHECKS.everyMs * (CHECKS.fall + 1);

interface Balancer {
  readonly name: string;
  readonly lb: FakeHaproxy;
  /** How gateways stand on it, and what is on record of them. */
  readonly members: Readonly<Record<string, Member>>;
  /** Lines of its configuration. */
  readonly servers: readonly string[];
  /** Told of each command before it is carried out. */
  onOrder(command: string): void;
}

/** A host that runs HAProxy, with its configuration and the leases that were left there. */
export function balancerHost({ name, lb, members, servers, onOrder }: Balancer): FakeHost {
  const haproxyCommand = (command: string): string => {
    onOrder(command);
    return lb.command(command);
  };
  const host = new FakeHost({ name, haproxy: (what) => lb.show(what), haproxyCommand });
  const { files } = host;
  for (const path of ['/etc/haproxy', LEASES]) files.makeDirectory(path, { ...ROOT, mode: '0700' });
  const config = [...CONFIG, ...servers, ''].join('\n');
  files.write('/etc/haproxy/haproxy.cfg', Buffer.from(config), { ...ROOT, mode: '0644' });
  for (const [id, { admin, lease }] of Object.entries(members)) {
    if (admin !== 'ready') lb.command(`set server gateways/${id} state ${admin}`);
    if (lease === undefined) continue;
    const before = { [`gateways/${id}`]: { admin: lease, weight: '1' } };
    const text = JSON.stringify({ node: id, before, by: 'somebody', at: '2026-01-01', reason: 'earlier', held: [] });
    files.write(leasePath('gateways', id), Buffer.from(text), { ...ROOT, mode: '0600' });
  }
  return host;
}

/** How a gateway stands in what HAProxy shows of its servers. */
export function rowOf(shown: string, id: string): { readonly admin: Admin; readonly up: boolean } {
  const line = shown.split('\n').find((text) => text.includes(` ${id} `));
  const [, , , , , up, bits] = line?.split(' ') ?? [];
  const admin = (Number(bits) & 1) !== 0 ? 'maint' : (Number(bits) & 8) !== 0 ? 'drain' : 'ready';
  return { admin, up: up === '2' };
}

/** What a lease on a balancer's host says that a gateway was before; undefined: there is none, or only the mark of a soak. */
export function leaseOf(host: FakeHost | undefined, id: string): Admin | undefined {
  const text = host?.fileText(leasePath('gateways', id)) ?? undefined;
  const lease = text === undefined ? undefined : JSON.parse(text);
  return lease === undefined || lease.soaking !== undefined ? undefined : lease.before[`gateways/${id}`].admin;
}
