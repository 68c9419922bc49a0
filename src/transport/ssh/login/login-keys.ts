import { access } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import type { OrchError } from '../../../core/base/errors.ts';
import { fromHome } from '../../../core/base/home.ts';
import { fingerprint } from '../host-keys/known-hosts.ts';
import type { SshTarget } from '../target.ts';
import { type Agent, type AgentKey, sshAgent } from './agent.ts';
import { type Identity, identityFile, lockedFault } from './identity-file.ts';
import { unsupportedType } from './public-key.ts';
import { type Sign, signWith } from './signing-agent.ts';

const DEFAULT_IDENTITIES: readonly string[] = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'];
const DEFAULT_TOKENS: readonly string[] = ['~/.ssh/id_ed25519_sk', '~/.ssh/id_ecdsa_sk'];
/** sshd ends the connection at the sixth refusal (MaxAuthTries): two attempts remain for the password. */
const KEYS_BEFORE_PASSWORD = 4;

/** A key to offer. */
export interface LoginKey {
  /** For messages: `key ~/.ssh/id_ed25519 (SHA256:…)`. */
  readonly label: string;
  /** At least the public half. */
  readonly key: ParsedKey;
  /** Sent with its signature, without asking the server first whether it accepts the key. */
  readonly atOnce: boolean;
  readonly sign: Sign;
}

/** A key with a passphrase; offered last, and asked for only if the server accepts the key. */
export type LockedKey = Extract<Identity, { readonly state: 'locked' }>;

/** The user's keys for a login, in the order of their offer. */
export interface LoginKeys {
  readonly ready: readonly LoginKey[];
  readonly locked: readonly LockedKey[];
  /** Errors of the named files, in their order. */
  readonly faults: readonly OrchError[];
  /** More information if the server accepts no key. */
  readonly notes: () => Promise<readonly string[]>;
}

/**
 * Named files first, each from its cheapest source (the file, else the agent); then the agent's other keys, unless only
 * named ones are allowed. Default files that the agent holds too come before its other keys.
 */
export async function loginKeys(target: SshTarget): Promise<LoginKeys> {
  const named = target.identityFiles !== undefined;
  const identities = await Promise.all((target.identityFiles ?? DEFAULT_IDENTITIES).map(identityFile));
  const agent = await sshAgent(target.identityAgent);
  const held = (identity: Identity): AgentKey | undefined =>
    'blob' in identity ? agent.keys.find(({ blob }) => identity.blob?.equals(blob)) : undefined;

  const first: LoginKey[] = [];
  const later: LoginKey[] = [];
  const locked: LockedKey[] = [];
  const faults: OrchError[] = [];
  for (const identity of identities) {
    const holder = held(identity);
    const opened =
      identity.state === 'open' ? identity.key : identity.state === 'locked' ? identity.opened() : undefined;
    if (opened !== undefined) (named || holder !== undefined ? first : later).push(fileKey(identity.file, opened));
    else if (holder !== undefined) first.push(agentKey(holder, true));
    else if (identity.state === 'locked') locked.push(identity);
    if (opened === undefined && holder === undefined)
      faults.push('fault' in identity ? identity.fault : lockedFault(identity.file));
  }
  const offered = new Set(identities.map(held));
  const others = target.identitiesOnly === true ? [] : agent.keys.filter((key) => !offered.has(key));
  const files = first.length + later.length + locked.length;
  const room = target.password === undefined ? others.length : Math.max(0, KEYS_BEFORE_PASSWORD - files);
  const sole = first.length + others.length === 1;
  return {
    ready: [...first, ...others.slice(0, room).map((key) => agentKey(key, sole)), ...later],
    locked,
    faults: named ? faults : faults.filter(({ code }) => code !== 'CONNECT_KEY_MISSING'),
    notes: async () => [
      agent.note,
      ...(target.identitiesOnly === true ? notHeld(agent, offered) : []),
      ...(others.length > room ? [`${others.length - room} of its keys left out, for a password is to follow`] : []),
      ...agent.unusable,
      ...(await unusableBeside(identities, named)),
      ...(target.notes ?? []),
    ],
  };
}

const fileKey = (file: string, key: ParsedKey): LoginKey => ({
  label: keyLabel(file, key.getPublicSSH()),
  key,
  atOnce: true,
  sign: (data, hash) => signWith(key, data, hash),
});

/** The name of a file's key in messages. */
export const keyLabel = (file: string, blob: Buffer | undefined): string =>
  `key ${file}${blob === undefined ? '' : ` (${fingerprint(blob)})`}`;

const agentKey = ({ key, comment, blob, sign }: AgentKey, atOnce: boolean): LoginKey => ({
  label: `agent key ${comment === '' ? key.type : comment} (${fingerprint(blob)})`,
  key,
  atOnce,
  sign,
});

const notHeld = (agent: Agent, offered: ReadonlySet<AgentKey | undefined>): readonly string[] =>
  agent.keys.some((key) => !offered.has(key)) ? ['its other keys left out (IdentitiesOnly)'] : [];

/** OpenSSH would use these too, so the error explains why api7-orch cannot. */
async function unusableBeside(identities: readonly Identity[], named: boolean): Promise<readonly string[]> {
  const certificates = identities.filter(({ state }) => state !== 'missing').map(({ file }) => `${file}-cert.pub`);
  const found = async (files: readonly string[], type: string): Promise<readonly string[]> => {
    const there = await Promise.all(files.map(async (file) => ((await isThere(file)) ? [file] : [])));
    return there.flat().map((file) => `${file} left out: ${unsupportedType(type)}`);
  };
  return [
    ...(await found(certificates, 'ssh-ed25519-cert-v01@openssh.com')),
    ...(await found(named ? [] : DEFAULT_TOKENS, 'sk-ssh-ed25519@openssh.com')),
  ];
}

const isThere = (file: string): Promise<boolean> =>
  access(fromHome(file)).then(
    () => true,
    () => false,
  );
