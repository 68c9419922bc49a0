import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { certificateChecks, certificatesFit, validUntil } from '../../../src/api7/checks/certificates.ts';
import { certificatesOf } from '../../../src/api7/checks/inventory-certificates.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { preflight } from '../../../src/programs/preflight.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { onePlay, runPlays } from '../../support/cluster/run-fake.ts';

/** Several files: one after another. */
const read = (names: string): string =>
  names
    .split(' ')
    .map((name) => readFileSync(join(import.meta.dirname, '../../fixtures/certificates', name), 'utf8'))
    .join('');

interface Row {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly now?: string;
  readonly names?: readonly string[];
}

/** Names with codes of findings; `?` after a warning. */
const found = ({ cert = 'gateway.pem', key = 'gateway.key', ca = 'ca.pem', now = '2027-01-01', names = [] }: Row) =>
  certificateChecks(
    { place: 'p', hosts: ['gw-1'], cert: read(cert), key: Secret.of(read(key)), ca: read(ca), names },
    new Date(now),
  ).flatMap(({ name, error, warns }) =>
    error === undefined ? [] : [`${name} ${error.code}${warns === true ? '?' : ''}`],
  );

test.each<[string, Row, readonly string[]]>([
  ['in order', {}, []],
  ['of an intermediate authority', { cert: 'by-intermediate.pem' }, []],
  ['expired', { cert: 'expired.pem' }, ['p.cert CERTIFICATE_EXPIRED']],
  [
    'about to expire, under an authority that does not exist yet',
    { cert: 'expired.pem', now: '2025-12-15' },
    ['p.cert CERTIFICATE_EXPIRED?', 'p.ca CERTIFICATE_EXPIRED'],
  ],
  ['of an authority beside which an old one has expired', { ca: 'ca.pem expired.pem' }, ['p.ca CERTIFICATE_EXPIRED?']],
  ['with another key', { key: 'other.key' }, ['p.key CERTIFICATE_MISMATCH']],
  ['with what is no key', { key: 'ca.pem' }, ['p.key CERTIFICATE_MISMATCH']],
  ['of another authority than the one that is trusted', { ca: 'other-ca.pem' }, ['p.cert chain CERTIFICATE_MISMATCH?']],
  ['for another name', { names: ['gateway', 'elsewhere'] }, ['p.cert name elsewhere CERTIFICATE_MISMATCH']],
  ['no certificate', { cert: 'gateway.key' }, ['p.cert CERTIFICATE_MISMATCH']],
])('a certificate that is %s', (_, row, expected) => {
  expect(found(row)).toEqual(expected);
});

test('remaining days are shown', () => {
  const files = { place: 'p', hosts: ['gw-1'], cert: read('expired.pem'), key: Secret.of(read('gateway.key')) };
  const [first] = certificateChecks(files, new Date('2025-12-30T12:00:00Z'));
  expect(first?.error?.message).toBe('p.cert expires on 2026-01-01, in 1 day');
});

const groups = await loadInventory(join(import.meta.dirname, '../../fixtures/inventory/accepted/groups.yaml'), {
  env: {},
});

test('certificates of an inventory: of gateway groups, of single hosts, and of the control plane', () => {
  expect(certificatesOf(groups).map(({ place, hosts }) => [place, hosts])).toEqual([
    ['gateway_groups.edge', ['edge-1']],
    ['hosts.edge-2.gateway', ['edge-2']],
    ['api7.dashboard.tls', ['cp-1', 'cp-2']],
  ]);
  expect(certificatesOf(groups).map((files) => validUntil(files)?.getUTCFullYear())).toEqual([2126, 2126, 2126]);
});

test('a run checks the certificates of its hosts before any change', () => {
  const asked = (name: string): readonly string[] => {
    const host = groups.hosts.get(name) ?? expect.fail(`no host ${name}`);
    return [...preflight(groups, host)].flatMap((step) =>
      'type' in step && step.type.kind === 'certificatesFit' ? [step.title] : [],
    );
  };
  expect(asked('edge-1')).toEqual(['certificates gateway_groups.edge fit']);
  expect(asked('cp-1')).toEqual(['certificates api7.dashboard.tls fit']);
  expect(asked('gw-1')).toEqual([]);
});

describe('certificates by which others are trusted', () => {
  const api7 = {
    ...groups.api7,
    prometheus: {
      addr: 'https://10.0.4.1:9090',
      tls: {
        ca: read('other-ca.pem'),
        client: { cert: read('gateway.pem'), key: Secret.of(read('gateway.key')) },
      },
    },
    database: { ...groups.api7.database, rootCert: read('expired.pem ca.pem') },
  };
  const found = certificatesOf({ ...groups, api7 }).slice(3);
  const at = new Date('2027-01-01');

  test('are those of Prometheus and of the database', () => {
    expect(found.map(({ place, hosts }) => [place, hosts])).toEqual([
      ['api7.prometheus.tls', ['cp-1', 'cp-2']],
      ['api7.prometheus.tls.ca', ['cp-1', 'cp-2']],
      ['api7.database.sslrootcert', ['cp-1', 'cp-2']],
    ]);
    expect(found.flatMap((files) => certificateChecks(files, at).map(({ name }) => name))).toEqual([
      'api7.prometheus.tls.cert',
      'api7.prometheus.tls.key',
      'api7.prometheus.tls.ca',
      'api7.database.sslrootcert',
    ]);
  });

  test('end with the last one of a bundle', () => {
    expect(found.map((files) => validUntil(files)?.getUTCFullYear())).toEqual([2125, 2126, 2126]);
  });

  test.each([
    ['expired', 'expired.pem', 'CERTIFICATE_EXPIRED', 'api7.database.sslrootcert expired on 2026-01-01'],
    ['no certificate', 'gateway.key', 'CERTIFICATE_MISMATCH', 'api7.database.sslrootcert is not readable'],
  ])('are refused where they are %s', (_, file, code, message) => {
    const files = { place: 'api7.database.sslrootcert', hosts: [], authority: read(file) };
    expect(certificateChecks(files, at)).toEqual([
      { name: 'api7.database.sslrootcert', error: expect.objectContaining({ code, message }) },
    ]);
  });
});

test.each([
  ['a key of another certificate', 'gateway.pem', 'other.key', 'CERTIFICATE_MISMATCH'],
  ['a certificate that has expired', 'expired.pem', 'gateway.key', 'CERTIFICATE_EXPIRED'],
])('%s is refused before any host is connected to', async (_, cert, key, code) => {
  const connected: string[] = [];
  const files = { place: 'api7.gateway', hosts: ['gw-1'], cert: read(cert), key: Secret.of(read(key)) };
  const run = runPlays(
    [new FakeHost({ name: 'gw-1' })],
    onePlay(function* () {
      yield certificatesFit({ certificates: [files] });
    }),
    { connecting: (name) => void connected.push(name) },
  );
  await expect(run).rejects.toMatchObject({ code });
  expect(connected).toEqual([]);
});
