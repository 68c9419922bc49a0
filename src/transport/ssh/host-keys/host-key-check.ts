import type { ServerHostKeyAlgorithm } from 'ssh2';
import { quote } from '../../../core/base/argv.ts';
import { OrchError } from '../../../core/base/errors.ts';
import type { SshTarget } from '../target.ts';
import {
  damagedLines,
  fingerprint,
  hostKeyType,
  judgeHostKey,
  type KeyVerdict,
  knownHostName,
  knownKeyTypes,
} from './known-hosts.ts';
import { DEFAULT_KNOWN_HOSTS, NO_KNOWN_HOSTS } from './known-hosts-file.ts';
import type { KnownHosts } from './known-hosts-lines.ts';
import { THIS_RUN } from './known-hosts-memory.ts';

/** Signature algorithms by key type, in OpenSSH's order; RFC 8332 for RSA, SHA-1 signatures are not accepted. */
const ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

/** A key that was accepted as new, without confirmation. */
export interface NewKey {
  readonly key: Buffer;
  /** Lines for the host that could not be used: `~/.ssh/known_hosts:3 names a certificate authority, …`. */
  readonly passedOver: readonly string[];
}

export interface HostKeyCheck {
  /**
   * Key types known for the host come first: otherwise the host could present another type and seem unknown. In
   * OpenSSH's order, not in that of the lines: an outdated line above a valid one must not decide.
   */
  readonly algorithms: ServerHostKeyAlgorithm[];
  /** Called again at each rekey: must be quick and synchronous. */
  readonly verify: (key: Buffer) => boolean;
  accepted(): NewKey | undefined;
  /** Why `verify` refused. */
  refusal(): OrchError | undefined;
}

type Checked = Pick<SshTarget, 'address' | 'port' | 'hostKeyAlias' | 'knownHosts' | 'jump'>;

/** Judges the keys that one host presents during the whole connection. */
export function hostKeyCheck(known: KnownHosts, target: Checked, acceptNew: boolean): HostKeyCheck {
  const all = Object.keys(ALGORITHMS);
  const types = knownKeyTypes(known, target);
  const order = [...all.filter((type) => types.includes(type)), ...all];
  let accepted: NewKey | undefined;
  let refusal: OrchError | undefined;
  return {
    algorithms: [...new Set(order.flatMap((type) => ALGORITHMS[type] ?? []))],
    verify(key) {
      if (accepted?.key.equals(key)) return true;
      const verdict = judgeHostKey(known, target, key);
      if (verdict.state === 'ok') return true;
      if (verdict.state === 'unknown' && acceptNew && accepted === undefined) {
        accepted = { key: Buffer.from(key), passedOver: passedOver(verdict, damagedLines(known, target)) };
        return true;
      }
      refusal = refused(verdict, target, key, damagedLines(known, target));
      return false;
    },
    accepted: () => accepted,
    refusal: () => refusal,
  };
}

/** Lines that may be meant for the host, each with the reason why it was not used. */
const passedOver = (verdict: KeyVerdict, damaged: readonly string[]): readonly string[] => [
  ...(verdict.state === 'unknown' && verdict.authority !== undefined
    ? [`${verdict.authority.at} names a certificate authority, which is not supported: the host's own key is needed`]
    : []),
  ...(damaged.length === 0 ? [] : [`${damaged.join(', ')} cannot be read: no complete key`]),
];

function refused(
  verdict: Exclude<KeyVerdict, { readonly state: 'ok' }>,
  target: Checked,
  key: Buffer,
  damaged: readonly string[],
): OrchError {
  const name = knownHostName(target);
  const shown = `${hostKeyType(key)} ${fingerprint(key)}`;
  const notes = passedOver(verdict, damaged)
    .map((note) => ` (${note})`)
    .join('');
  const fault = (what: 'UNKNOWN' | 'CHANGED' | 'REVOKED', says: string, hint: string): OrchError =>
    new OrchError(`CONNECT_HOST_KEY_${what}`, `${says}${notes}`, { hint });
  switch (verdict.state) {
    case 'revoked':
      return fault(
        'REVOKED',
        `${name} presents a key that ${verdict.line.at} revokes: ${shown}`,
        'do not connect: this key was declared stolen or retired',
      );
    case 'changed':
      return fault(
        'CHANGED',
        `${name}: host key differs from ${verdict.line.file === THIS_RUN ? 'the earlier one of this run' : verdict.line.at}; received ${shown}`,
        `possible man-in-the-middle attack; if the host was reinstalled, compare the fingerprint on the host, then run: ${removal(name, verdict.line.file)}`,
      );
    case 'other-type': {
      const types = verdict.types.join(', ');
      const add = `compare the fingerprint on the host; if it is right, add the key: ${addition(target, name)}`;
      return verdict.types.some((type) => type in ALGORITHMS)
        ? fault('CHANGED', `${name} is known by ${types} (${verdict.line.at}), but now presents only ${shown}`, add)
        : fault(
            'UNKNOWN',
            `${name} is known only by ${types} (${verdict.line.at}), a kind of key that cannot be checked here; it presents ${shown}`,
            add,
          );
    }
    case 'unknown':
      return fault(
        'UNKNOWN',
        `${name}: the host key is unknown: ${shown}`,
        `compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then add it (${addition(target, name)}) or run with --accept-new-host-keys`,
      );
  }
}

function removal(name: string, file: string): string {
  if (file === THIS_RUN) return 'run again';
  return file === '~/.ssh/known_hosts' ? `ssh-keygen -R '${name}'` : `ssh-keygen -R '${name}' -f ${word(file)}`;
}

/** Run it on the jump host, if there is one; under an alias ssh-keyscan would print the wrong name. */
function addition(
  { address, port, jump, hostKeyAlias, knownHosts = DEFAULT_KNOWN_HOSTS }: Checked,
  name: string,
): string {
  const via = jump === undefined ? '' : `ssh -p ${jump.port} ${jump.user}@${jump.address} `;
  const renamed = hostKeyAlias === undefined ? '' : ` | sed 's/^[^ ]*/${name}/'`;
  const file = knownHosts.find((one) => one !== NO_KNOWN_HOSTS) ?? '~/.ssh/known_hosts';
  return `${via}ssh-keyscan -p ${port} ${address}${renamed} >> ${word(file)}`;
}

const word = (file: string): string => (/^[\w./~@:+-]+$/.test(file) ? file : quote(file));
