import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { certificateChecks } from '../../../src/api7/checks/certificates.ts';
import { Secret } from '../../../src/core/base/secret.ts';

const read = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../fixtures/certificates', name), 'utf8');

interface Row {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly now?: string;
}

/** Names with codes of what is wrong; `?` behind a warning. */
const found = ({ cert = 'gateway.pem', key = 'gateway.key', ca = 'ca.pem', now = '2027-01-01' }: Row) =>
  certificateChecks({ place: 'p', cert: read(cert), key: Secret.of(read(key)), ca: read(ca) }, new Date(now)).flatMap(
    ({ name, error, soon }) => (error === undefined ? [] : [`${name} ${error.code}${soon === true ? '?' : ''}`]),
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
  ['with another key', { key: 'other.key' }, ['p.key CERTIFICATE_MISMATCH']],
  ['with what is no key', { key: 'ca.pem' }, ['p.key CERTIFICATE_MISMATCH']],
  ['of another authority', { ca: 'other-ca.pem' }, ['p.cert chain CERTIFICATE_MISMATCH']],
  ['no certificate', { cert: 'gateway.key' }, ['p.cert CERTIFICATE_MISMATCH']],
])('a certificate that is %s', (_, row, expected) => {
  expect(found(row)).toEqual(expected);
});

test('days that are left are told', () => {
  const files = { place: 'p', cert: read('expired.pem'), key: Secret.of(read('gateway.key')) };
  const [first] = certificateChecks(files, new Date('2025-12-30T12:00:00Z'));
  expect(first?.error?.message).toBe('p.cert expires on 2026-01-01, in 1 day');
});
