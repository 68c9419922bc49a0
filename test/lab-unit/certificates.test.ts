import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gatewayCertificate } from '../lab/config/certificates.ts';

test('requests at the same time get one certificate, which is kept', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'api7-orch-lab-tls-'));
  try {
    const all = await Promise.all([1, 2, 3].map(() => gatewayCertificate(directory, 'default')));
    expect(new Set(all.map(({ cert }) => new X509Certificate(cert).serialNumber)).size).toBe(1);
    expect(await gatewayCertificate(directory, 'default')).toEqual(all[0]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
