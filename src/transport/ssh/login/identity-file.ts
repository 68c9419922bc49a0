import { readFile, stat } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import { defined } from '../../../core/base/data.ts';
import { OrchError } from '../../../core/base/errors.ts';
import { fromHome } from '../../../core/base/home.ts';
import type { Secret } from '../../../core/base/secret.ts';
import { isAbsent } from '../absent-file.ts';
import type { Ask } from '../ask.ts';
import { hostKeyType } from '../host-keys/known-hosts.ts';
import { parseKey } from './parse-key.ts';
import { publicHalf, publicKeyLine, unsupportedType } from './public-key.ts';

/** OpenSSH's number of attempts. */
const PASSPHRASE_TRIES = 3;

/** The result of asking for a passphrase: the key, no operator to ask, or only wrong answers. */
type Unlocked = ParsedKey | 'nobody' | 'wrong';

/** A private key file, as far as it is usable. */
export type Identity =
  | { readonly state: 'open'; readonly file: string; readonly blob: Buffer; readonly key: ParsedKey }
  | {
      readonly state: 'locked';
      readonly file: string;
      /** The public half, if readable without the passphrase. */
      readonly blob?: Buffer;
      /** The key, after its passphrase was entered. */
      readonly opened: () => ParsedKey | undefined;
      /** Asks at most once per process, for all users of the key. */
      readonly unlock: (ask: Ask | undefined) => Promise<Unlocked>;
    }
  /** Only the public half is in the file: the agent may have the private one. */
  | { readonly state: 'public'; readonly file: string; readonly blob: Buffer; readonly fault: OrchError }
  | { readonly state: 'missing' | 'unusable'; readonly file: string; readonly fault: OrchError };

const loaded = new Map<string, { readonly stamp: string; readonly identity: Promise<Identity> }>();

/** Reads a key file, once per process until it changes. */
export async function identityFile(file: string): Promise<Identity> {
  const path = fromHome(file);
  const stamp = await stampOf(path);
  const known = loaded.get(path);
  if (known?.stamp === stamp) return await known.identity;
  const identity = load(file, path);
  loaded.set(path, { stamp, identity });
  return await identity;
}

/** A stamp of a file: changes when the file is created, replaced or rewritten. */
export async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 'none' : [found.dev, found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ');
}

export const lockedFault = (file: string, why = 'is protected by a passphrase'): OrchError =>
  new OrchError('CONNECT_KEY_ENCRYPTED', `the identity file ${file} ${why}`, {
    hint: `load it into an ssh-agent first (ssh-add ${file}), or run on a terminal to enter its passphrase`,
  });

async function load(file: string, path: string): Promise<Identity> {
  const beside = publicKeyLine(await readFile(`${path}.pub`, 'utf8').catch(() => ''));
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = isAbsent(error);
    const fault = missing ? missingFault(file) : invalid(file, String(error), error);
    if (missing && beside !== undefined) return { state: 'public', file, blob: beside, fault };
    return { state: missing ? 'missing' : 'unusable', file, fault };
  }
  const line = publicKeyLine(text);
  if (line !== undefined)
    return { state: 'public', file, blob: line, fault: invalid(file, 'it is a public key, and no agent holds it') };
  const half = publicHalf(text);
  const unsupported = half && unsupportedType(hostKeyType(half));
  if (unsupported !== undefined) return { state: 'unusable', file, fault: invalid(file, unsupported) };
  const key = await parseKey(text);
  if (key instanceof Error) return { state: 'unusable', file, fault: invalid(file, key.message, key) };
  if (key !== 'locked')
    return key.isPrivateKey()
      ? { state: 'open', file, key, blob: key.getPublicSSH() }
      : { state: 'unusable', file, fault: invalid(file, 'it is a public key') };
  const blob = half ?? beside;
  return {
    state: 'locked',
    file,
    ...defined({ blob }),
    ...unlocker(file, async (passphrase) => {
      // Takes about 300 ms of this thread (bcrypt): never twice for the same answer.
      const opened = await parseKey(text, passphrase.reveal());
      return opened === 'locked' || opened instanceof Error ? undefined : opened;
    }),
  };
}

function unlocker(file: string, open: (passphrase: Secret) => Promise<ParsedKey | undefined>) {
  const asked = new WeakMap<Ask, Promise<Unlocked>>();
  let key: ParsedKey | undefined;
  const askFor = async (ask: Ask): Promise<Unlocked> => {
    for (let tried = 0; tried < PASSPHRASE_TRIES && key === undefined; tried++) {
      const what = `${tried === 0 ? '' : 'that was wrong; '}passphrase of the key ${file}`;
      const passphrase = await ask({ kind: 'passphrase', what, echo: false });
      if (passphrase === undefined) return tried === 0 ? 'nobody' : 'wrong';
      key ??= await open(passphrase);
    }
    return key ?? 'wrong';
  };
  const unlock = async (ask: Ask | undefined): Promise<Unlocked> => {
    if (key !== undefined) return key;
    if (ask === undefined) return 'nobody';
    const asking = asked.get(ask) ?? askFor(ask);
    asked.set(ask, asking);
    return await asking;
  };
  return { unlock, opened: () => key };
}

const missingFault = (file: string): OrchError =>
  new OrchError('CONNECT_KEY_MISSING', `the identity file ${file} is not there`, {
    hint: 'correct ssh.identity_file in the inventory',
  });

const invalid = (file: string, why: string, cause?: unknown): OrchError =>
  new OrchError('CONNECT_KEY_INVALID', `the identity file ${file} cannot be used: ${why}`, {
    hint: 'it must be a private key as ssh-keygen writes it (ed25519, ecdsa or rsa)',
    cause,
  });
