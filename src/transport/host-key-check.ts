import type { ServerHostKeyAlgorithm } from 'ssh2';
import { OrchError } from '../core/errors.ts';
import {
  fingerprint,
  hostKeyType,
  judgeHostKey,
  type KeyVerdict,
  type KnownHost,
  knownHostName,
  knownKeyTypes,
} from './known-hosts.ts';

/** Signature algorithms by key type, RFC 8332 for RSA; SHA-1 signatures are not accepted. */
const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

export interface HostKeyCheck {
  /** Types that the host is known by come first, or a host known by one key would look unknown by another. */
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** Asked again at every rekey: must be quick, and answer synchronously. */
  readonly verify: (key: Buffer) => boolean;
  /** The key that nobody vouched for and that was let in as new. */
  accepted(): Buffer | undefined;
  /** Why `verify` said no. */
  refusal(): OrchError | undefined;
}

/** Judges the keys that one host presents while a connection is made and kept. */
export function hostKeyCheck(
  known: readonly KnownHost[],
  target: { readonly address: string; readonly port: number },
  acceptNew: boolean,
): HostKeyCheck {
  const types = knownKeyTypes(known, target.address, target.port);
  const order = [...types, ...Object.keys(ALGORITHMS)];
  let accepted: Buffer | undefined;
  let refusal: OrchError | undefined;
  return {
    algorithms: [...new Set(order.flatMap((type) => ALGORITHMS[type] ?? []))],
    verify(key) {
      if (accepted?.equals(key)) return true;
      const verdict = judgeHostKey(known, target.address, target.port, key);
      if (verdict.state === 'ok') return true;
      if (verdict.state === 'unknown' && acceptNew && accepted === undefined) {
        accepted = Buffer.from(key);
        return true;
      }
      refusal = refused(verdict, knownHostName(target.address, target.port), target, key);
      return false;
    },
    accepted: () => accepted,
    refusal: () => refusal,
  };
}

function refused(
  verdict: KeyVerdict,
  name: string,
  target: { readonly address: string; readonly port: number },
  key: Buffer,
): OrchError {
  const shown = `${hostKeyType(key)} ${fingerprint(key)}`;
  switch (verdict.state) {
    case 'revoked':
      return new OrchError('CONNECT_HOST_KEY_REVOKED', `${name} presents a key that ${verdict.at} revokes: ${shown}`, {
        hint: 'do not connect: whoever answers holds a key that was declared stolen or retired',
      });
    case 'changed':
      return new OrchError(
        'CONNECT_HOST_KEY_CHANGED',
        `${name} presents another key than ${verdict.at} knows: ${shown}`,
        {
          hint: `somebody may be in between; if the host was really reinstalled, compare the fingerprint there, then: ssh-keygen -R '${name}'`,
        },
      );
    case 'other-type':
      return new OrchError(
        'CONNECT_HOST_KEY_CHANGED',
        `${name} is known by ${verdict.types.join(', ')} (${verdict.at}), but now presents only ${shown}`,
        {
          hint: `compare the fingerprint on the host; if it is right, add the key: ssh-keyscan -p ${target.port} ${target.address}`,
        },
      );
    default: {
      const authority =
        verdict.state === 'unknown' && verdict.authority !== undefined
          ? ` (${verdict.authority} names a certificate authority, which is not supported: the host's own key is needed)`
          : '';
      return new OrchError('CONNECT_HOST_KEY_UNKNOWN', `the key of ${name} is not known: ${shown}${authority}`, {
        hint: `compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then add it (ssh-keyscan -p ${target.port} ${target.address} >> ~/.ssh/known_hosts) or run with --accept-new-host-keys`,
      });
    }
  }
}
