import { createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import type { Secret } from '../../core/base/secret.ts';
import { defineGate } from '../../core/task/define-gate.ts';

/** Use of a certificate of the inventory. */
interface UsedCertificate {
  /** Names of the hosts that use it. */
  readonly hosts: readonly string[];
  /** Its position in the inventory: `api7.gateway`; for an authority alone its own field, `api7.database.sslrootcert`. */
  readonly place: string;
}

/** Authorities that services trust, PEM: the old and the new one during a replacement. */
export interface AuthorityFiles extends UsedCertificate {
  readonly authority: string;
}

/** A certificate of the inventory with its files. */
export interface OwnCertificate extends UsedCertificate {
  /** PEM, the certificate itself first. */
  readonly cert: string;
  readonly key: Secret;
  readonly ca?: string;
  /** Names that clients use for it. */
  readonly names?: readonly string[];
}

export type CertificateFiles = OwnCertificate | AuthorityFiles;

/** One check of a certificate, and its error; with `warns` the error does not refuse the host. */
export interface CertificateCheck {
  readonly name: string;
  readonly error?: OrchError;
  readonly warns?: boolean;
}

const DAY_MS = 24 * 3_600_000;
/** Early enough for a renewal that takes weeks. */
const SOON_DAYS = 30;

/** Whole days until a certificate expires, if few; negative once it has expired. */
export function daysLeft(ends: number, now: Date): number | undefined {
  const days = Math.floor((ends - now.getTime()) / DAY_MS);
  return days < SOON_DAYS ? days : undefined;
}

/** No chain is longer: a damaged file may contain a circle. */
const LONGEST_CHAIN = 10;

/** When a certificate, or the last one of several authorities, expires; undefined if it is unreadable. */
export function validUntil(files: Pick<OwnCertificate, 'cert'> | Pick<AuthorityFiles, 'authority'>): Date | undefined {
  const [own, ...rest] = parsed('cert' in files ? files.cert : files.authority) ?? [];
  if (own === undefined) return undefined;
  const among = 'cert' in files ? [own] : [own, ...rest];
  return new Date(Math.max(...among.map(({ validTo }) => Date.parse(validTo))));
}

const params = z.strictObject({ certificates: z.array(z.custom<CertificateFiles>()).readonly() });

/**
 * Gate: the certificates of a host are valid now, match their private keys, and cover the names that clients use. They
 * are files of the controller, so an error refuses the run before the first connection. Warnings of `certificateChecks`
 * do not refuse it.
 *
 * @throws OrchError CERTIFICATE_EXPIRED | CERTIFICATE_MISMATCH
 */
export const certificatesFit = defineGate<typeof params, null>({
  kind: 'certificatesFit',
  params,
  title: ({ certificates }) => `certificates ${certificates.map(({ place }) => place).join(', ')} fit`,
  async local({ certificates }) {
    const checks = certificates.flatMap((files) => certificateChecks(files, new Date()));
    const refused = checks.find(({ error, warns }) => error !== undefined && warns !== true);
    if (refused?.error !== undefined) throw refused.error;
  },
  look: async () => null,
  met: () => true,
  unmet: () => new OrchError('CERTIFICATE_MISMATCH', 'a certificate does not fit'),
});

/** Checks that a certificate is valid now, matches its private key, and was issued by its authority. Pure. */
export function certificateChecks(files: CertificateFiles, now: Date): readonly CertificateCheck[] {
  if (!('cert' in files)) return authorityChecks(files, now);
  const { place, cert, key, ca, names = [] } = files;
  const own = parsed(cert);
  const authorities = ca === undefined ? [] : parsed(ca);
  const [first] = own ?? [];
  if (own === undefined || first === undefined)
    return [{ name: `${place}.cert`, error: mismatch(`${place}.cert is not readable`, 'write it as PEM') }];
  if (authorities === undefined)
    return [{ name: `${place}.ca`, error: mismatch(`${place}.ca is not readable`, 'write it as PEM') }];
  return [
    validity(`${place}.cert`, first, now),
    ...(authorities.length === 0 ? [] : [authority(`${place}.ca`, authorities, now)]),
    { name: `${place}.key`, ...keyError(place, first, key) },
    ...names.map((name) => ({ name: `${place}.cert name ${name}`, ...nameError(place, first, name) })),
    // The authority that gateways trust may differ from the one that issues their certificates.
    ...(authorities.length === 0
      ? []
      : [{ name: `${place}.cert chain`, warns: true, ...chainError(place, own, authorities) }]),
  ];
}

function authorityChecks({ place, authority: pem }: AuthorityFiles, now: Date): readonly CertificateCheck[] {
  const authorities = parsed(pem);
  if (authorities === undefined)
    return [{ name: place, error: mismatch(`${place} is not readable`, 'write it as PEM') }];
  return [authority(place, authorities, now)];
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function parsed(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(PEM) ?? [];
  try {
    return blocks.length === 0 ? undefined : blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

function validity(name: string, certificate: X509Certificate, now: Date): CertificateCheck {
  const hint = `renew it, then name the new file as ${name} in the inventory`;
  const begins = Date.parse(certificate.validFrom);
  const ends = Date.parse(certificate.validTo);
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const expired = (message: string): OrchError => new OrchError('CERTIFICATE_EXPIRED', message, { hint });
  if (ends <= now.getTime()) return { name, error: expired(`${name} expired on ${day(ends)}`) };
  if (begins > now.getTime())
    return {
      name,
      error: new OrchError('CERTIFICATE_EXPIRED', `${name} is not valid before ${day(begins)}`, {
        hint: 'check the clock of this machine, or use a certificate that is valid now',
      }),
    };
  const days = daysLeft(ends, now);
  if (days === undefined) return { name };
  return {
    name,
    warns: true,
    error: expired(`${name} expires on ${day(ends)}, in ${days === 1 ? '1 day' : `${days} days`}`),
  };
}

/** While an authority is replaced, a bundle has the old and the new one: one valid authority is enough. */
function authority(name: string, certificates: readonly X509Certificate[], now: Date): CertificateCheck {
  const each = certificates.map((certificate) => validity(name, certificate, now));
  const isUsable = each.some(({ error, warns }) => error === undefined || warns === true);
  const [bad] = each.filter(({ error }) => error !== undefined);
  if (bad === undefined) return { name };
  return isUsable ? { ...bad, warns: true } : bad;
}

const mismatch = (message: string, hint: string): OrchError => new OrchError('CERTIFICATE_MISMATCH', message, { hint });

function keyError(place: string, cert: X509Certificate, key: Secret): Pick<CertificateCheck, 'error'> {
  let matches: boolean;
  try {
    matches = cert.checkPrivateKey(createPrivateKey(key.reveal()));
  } catch {
    return { error: mismatch(`${place}.key is not readable`, 'name a private key without a passphrase, as PEM') };
  }
  if (matches) return {};
  const hint = `name the private key with which ${place}.cert was requested`;
  return { error: mismatch(`${place}.key does not belong to ${place}.cert`, hint) };
}

function nameError(place: string, cert: X509Certificate, name: string): Pick<CertificateCheck, 'error'> {
  if (cert.checkHost(name) !== undefined) return {};
  const hint = `have it issued for ${name}, or set the sni of the gateways to a name that it has`;
  return { error: mismatch(`${place}.cert is not for ${name}, the name that gateways expect`, hint) };
}

function chainError(
  place: string,
  own: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): Pick<CertificateCheck, 'error'> {
  const issuerOf = (cert: X509Certificate, among: readonly X509Certificate[]): X509Certificate | undefined =>
    among.find((issuer) => cert.checkIssued(issuer) && cert.verify(issuer.publicKey));
  let [last] = own;
  for (let length = 0; last !== undefined && length < LONGEST_CHAIN; length++) {
    if (issuerOf(last, authorities) !== undefined) return {};
    last = issuerOf(last, own.slice(1));
  }
  const hint = `name the authority that issued it as ${place}.ca; append intermediate certificates to ${place}.cert`;
  return { error: mismatch(`${place}.cert was not issued by ${place}.ca`, hint) };
}
