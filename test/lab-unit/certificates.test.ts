import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { gatewayCertificate } from '../lab/config/certificates.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

test('requests at the same time get one certificate, which is kept', async () => {
  const directory = temporaryDirectory('lab-tls');
  const all = await Promise.all([1, 2, 3].map(() => gatewayCertificate(directory, 'default')));
  expect(new Set(all.map(({ cert }) => new X509Certificate(cert).serialNumber)).size).toBe(1);
  expect(await gatewayCertificate(directory, 'default')).toEqual(all[0]);
});
