import { LEASES, leasePath } from '../../../src/lb/lease.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import type { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import type { Admin, Member } from '../world.ts';

const ROOT = { owner: 'root', group: 'root' } as const;

/** Health checks of the balancers: short intervals, so that little time is spent on them. */
export const CHECKS = { everyMs: 500, fall: 2, rise: 2 };
const CONFIG = ['backend gateways', '  default-server inter 500 fall 2 rise 2'];

/** By then every balancer has noticed whether a gateway is up. */
export const NOTICED_MS = CHECKS.everyMs * (CHECKS.fall + 1);

interface Balancer {
  readonly name: string;
  readonly lb: FakeHaproxy;
  /** The state of gateways on it, and their leases. */
  readonly members: Readonly<Record<string, Member>>;
  /** Lines of its configuration. */
  readonly servers: readonly string[];
  /** Called with each command before it runs. */
  onOrder(command: string): void;
}

/** A host that runs HAProxy, with its configuration and the leases of earlier runs. */
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

/** The state of a gateway at HAProxy. */
export function rowOf(lb: FakeHaproxy | undefined, id: string): { readonly admin: Admin; readonly up: boolean } {
  const { operational, admin: bits = 0 } = lb?.rows.find(({ name }) => name === id) ?? {};
  return { admin: (bits & 1) !== 0 ? 'maint' : (bits & 8) !== 0 ? 'drain' : 'ready', up: operational === 2 };
}

/** The settings before a drain, from the lease on a balancer's host; undefined: no lease, or only the mark of a soak. */
export function leaseOf(host: FakeHost | undefined, id: string): Admin | undefined {
  const text = host?.fileText(leasePath('gateways', id)) ?? undefined;
  const lease = text === undefined ? undefined : JSON.parse(text);
  return lease === undefined || lease.soaking !== undefined ? undefined : lease.before[`gateways/${id}`].admin;
}
