import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Lease } from '../../src/core/host/balancer.ts';
import { leaseDigestOf, leasePath, readLease, swapLease } from '../../src/lb/lease.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';

const LEASE: Lease = {
  node: 'gw-1',
  before: { 'gateways/gw-1': { admin: 'ready', weight: '40' } },
  by: 'ops@desk',
  at: '2026-01-01T00:00:00Z',
  reason: 'install',
  kind: 'run',
  run: 'run-7',
  held: ['tls/gw-1'],
};
const ROOT = { owner: 'root', group: 'root', mode: '0600' } as const;
const PATH = leasePath('gateways', 'gw-1');

/** The fields of a lease in a release without locks. */
const withoutLocks = z.object({
  node: z.string(),
  before: z.record(z.string(), z.record(z.string(), z.string())),
  by: z.string(),
  at: z.string(),
  reason: z.string(),
  held: z.array(z.string()),
});

const hostWith = (lease: object): FakeHost => {
  const host = new FakeHost({ name: 'lb-1' });
  host.files.makeDirectory('/var/lib/api7-orch/leases', { ...ROOT, mode: '0700' });
  host.files.write(PATH, Buffer.from(JSON.stringify(lease)), ROOT);
  return host;
};

test('a lease is read as it was written, and a release without locks refuses it', async () => {
  const host = hostWith({});
  host.files.remove(PATH);
  expect(await swapLease(host, { pool: 'gateways', node: 'gw-1', leaseDigest: null, to: LEASE })).toBe(true);
  const digest = leaseDigestOf(LEASE);
  expect(await readLease(host, 'gateways', 'gw-1')).toEqual({ lease: LEASE, leaseDigest: digest });
  const text = (await host.read(PATH))?.toString() ?? '';
  expect(JSON.parse(text)).toMatchObject({ v: 2, node: 'gw-1' });
  expect(withoutLocks.safeParse(JSON.parse(text)).success).toBe(false);
});

test('a lease of such a release is read', async () => {
  expect(withoutLocks.safeParse(LEASE).success).toBe(true);
  expect((await readLease(hostWith(LEASE), 'gateways', 'gw-1')).lease).toEqual(LEASE);
});

test.each([
  ['of a later version', { ...LEASE, v: 3 }],
  ['of this version without its servers', { ...LEASE, v: 2 }],
])('a lease %s is refused', async (_, lease) => {
  await expect(readLease(hostWith(lease), 'gateways', 'gw-1')).rejects.toMatchObject({ code: 'LEASE_INVALID' });
});
