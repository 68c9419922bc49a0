import { readFile } from 'node:fs/promises';
import type { AnyAuthMethod, AuthHandlerMiddleware, BaseAgent, ParsedKey } from 'ssh2';
import { OrchError } from '../core/errors.ts';
import { fingerprint } from './known-hosts.ts';
import { expandHome } from './known-hosts-file.ts';

const DEFAULT_IDENTITIES: readonly string[] = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa'];

/** Ways to log in, in the order they are tried, and what there is to say of them when none was taken. */
export interface SshKeys {
  readonly methods: readonly AnyAuthMethod[];
  readonly notes: readonly string[];
}

/**
 * What this user has to log in with: the identity files (or the usual ones), then the ssh-agent at SSH_AUTH_SOCK.
 *
 * @throws OrchError CONNECT_KEY_MISSING | CONNECT_KEY_INVALID | CONNECT_KEY_ENCRYPTED | CONNECT_NO_KEY
 */
export async function sshKeys(username: string, identityFiles: readonly string[] | undefined): Promise<SshKeys> {
  const agent = await agentMethod(username, process.env.SSH_AUTH_SOCK);
  const methods: AnyAuthMethod[] = [];
  const notes: string[] = [];
  for (const file of identityFiles ?? DEFAULT_IDENTITIES) {
    const key = await identity(file);
    if (key === 'missing') {
      if (identityFiles === undefined) continue;
      throw new OrchError('CONNECT_KEY_MISSING', `the identity file ${file} is not there`, {
        hint: 'correct ssh.identity_file in the inventory',
      });
    }
    if (key !== 'encrypted') {
      methods.push({ type: 'publickey', username, key });
      notes.push(`key ${file} (${fingerprint(key.getPublicSSH())})`);
    } else if (agent.method === undefined && identityFiles !== undefined) {
      throw new OrchError('CONNECT_KEY_ENCRYPTED', `the identity file ${file} is protected by a passphrase`, {
        hint: `load it into an ssh-agent first: ssh-add ${file}`,
      });
    } else notes.push(`key ${file} left out: it is protected by a passphrase and must come from the agent`);
  }
  if (agent.method !== undefined) methods.push(agent.method);
  notes.push(agent.note);
  if (methods.length === 0)
    throw new OrchError('CONNECT_NO_KEY', `there is no key to log in with: ${notes.join('; ')}`, {
      hint: 'name one by ssh.identity_file in the inventory, or load one into an ssh-agent',
    });
  return { methods, notes };
}

/** Offers the methods one after another. */
export function offerInOrder(methods: readonly AnyAuthMethod[]): AuthHandlerMiddleware {
  const left = [...methods];
  return (_accepted, _partial, next) => {
    const method = left.shift();
    // ssh2 documents `false` for "no more", which its types leave out.
    next(method ?? (false as never));
  };
}

async function identity(file: string): Promise<ParsedKey | 'missing' | 'encrypted'> {
  let text: string;
  try {
    text = await readFile(expandHome(file), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
    throw invalid(file, String(error), error);
  }
  const { default: ssh2 } = await import('ssh2');
  const key = ssh2.utils.parseKey(text);
  if (!(key instanceof Error)) {
    if (key.isPrivateKey()) return key;
    throw invalid(file, 'it is a public key');
  }
  if (/no passphrase/i.test(key.message)) return 'encrypted';
  throw invalid(file, key.message, key);
}

const invalid = (file: string, why: string, cause?: unknown): OrchError =>
  new OrchError('CONNECT_KEY_INVALID', `the identity file ${file} cannot be used: ${why}`, {
    hint: 'it must be a private key as ssh-keygen writes it (ed25519, ecdsa or rsa)',
    cause,
  });

/** The agent is asked for its keys beforehand: ssh2 would report one that does not answer as a failed connection. */
async function agentMethod(
  username: string,
  socket: string | undefined,
): Promise<{ readonly method?: AnyAuthMethod; readonly note: string }> {
  if (socket === undefined || socket === '') return { note: 'no ssh-agent (SSH_AUTH_SOCK is not set)' };
  const { default: ssh2 } = await import('ssh2');
  const agent: BaseAgent = ssh2.createAgent(socket);
  const count = await new Promise<number | Error>((resolve) => {
    agent.getIdentities((error, keys) => resolve(error ?? keys?.length ?? 0));
  });
  if (count instanceof Error) return { note: `the ssh-agent does not answer (${count.message})` };
  if (count === 0) return { note: 'the ssh-agent holds no key' };
  return {
    method: { type: 'agent', username, agent },
    note: `ssh-agent with ${count} ${count === 1 ? 'key' : 'keys'}`,
  };
}
