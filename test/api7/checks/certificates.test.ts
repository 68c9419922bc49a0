import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificateChecks, certificatesOf, validUntil } from '../../../src/api7/checks/certificates.ts';
import { preflight } from '../../../src/api7/preflight.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import { loadInventory } from '../../../src/inventory/load.ts';

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
