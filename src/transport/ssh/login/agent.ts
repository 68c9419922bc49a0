import { connect } from 'node:net';
import type { BaseAgent, ParsedKey } from 'ssh2';
import { defined } from '../../../core/base/data.ts';
import { fromHome } from '../../../core/base/home.ts';
import { fingerprint, hostKeyType } from '../host-keys/known-hosts.ts';
import { stampOf } from './identity-file.ts';
import { field, unsupportedType } from './public-key.ts';
import type { Sign } from './signing-agent.ts';

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const LIST_LIMIT_MS = 5000;
/** A key may ask its owner to confirm each use. */
const SIGN_LIMIT_MS = 60_000;

export interface AgentKey {
  readonly blob: Buffer;
  readonly comment: string;
  readonly key: ParsedKey;
  readonly sign: Sign;
}

export interface Agent {
  readonly keys: readonly AgentKey[];
  /** In a few words: how many keys it has, or why none. */
  readonly note: string;
  /** Its unusable keys, each with a hint. */
  readonly unusable: readonly string[];
}

const listed = new Map<string, { readonly stamp: string; readonly agent: Promise<Agent> }>();

/**
 * The keys of the agent at a socket (`IdentityAgent` of ssh_config(5): a path, `none`, `SSH_AUTH_SOCK` or `$NAME`;
 * default: SSH_AUTH_SOCK), listed once per process and socket. An agent without an answer counts as one without keys.
 */
export async function sshAgent(socket: string | undefined, env: NodeJS.ProcessEnv = process.env): Promise<Agent> {
  if (socket?.toLowerCase() === 'none') return without('no ssh-agent is used (IdentityAgent none)');
  const variable = /^\$\{?(\w+)\}?$|^(SSH_AUTH_SOCK)$/
    .exec(socket ?? 'SSH_AUTH_SOCK')
    ?.slice(1)
    .find(Boolean);
  const path = variable === undefined ? fromHome(socket ?? '') : (env[variable] ?? '');
  if (path === '') return without(`no ssh-agent (${variable ?? 'its socket'} is not set)`);
  const stamp = await stampOf(path);
  const known = listed.get(path);
  if (known?.stamp === stamp) return await known.agent;
  const agent = list(path).catch((error: unknown) =>
    without(`the ssh-agent at ${path} does not respond (${error instanceof Error ? error.message : String(error)})`),
  );
  listed.set(path, { stamp, agent });
  return await agent;
}

const without = (note: string): Agent => ({ keys: [], note, unusable: [] });

async function list(path: string): Promise<Agent> {
  const { default: ssh2 } = await import('ssh2');
  const signer: BaseAgent = ssh2.createAgent(path);
  const keys: AgentKey[] = [];
  const unusable: string[] = [];
  const held = identities(await request(path, Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES])));
  for (const { blob, comment } of held) {
    const key = ssh2.utils.parseKey(blob);
    if (!(key instanceof Error))
      keys.push({
        blob,
        comment,
        key,
        sign: (data, hash) =>
          new Promise((resolve, reject) => {
            const late = setTimeout(() => reject(new Error('the ssh-agent did not sign in time')), SIGN_LIMIT_MS);
            signer.sign(key, data, defined({ hash }), (error, signature) => {
              clearTimeout(late);
              if (signature !== undefined) resolve(signature);
              else reject(error ?? new Error('the ssh-agent gave no signature'));
            });
          }),
      });
    else {
      const type = hostKeyType(blob);
      const why = unsupportedType(type) ?? 'keys of this type are not supported';
      unusable.push(`agent key ${comment} (${type}, ${fingerprint(blob)}): ${why}`);
    }
  }
  const note =
    held.length === 0
      ? 'the ssh-agent holds no key'
      : `ssh-agent with ${held.length} ${held.length === 1 ? 'key' : 'keys'}`;
  return { keys, note, unusable };
}

/** ssh2 would silently leave out unsupported keys. draft-ietf-sshm-ssh-agent §3.5. */
function identities(answer: Buffer): readonly { readonly blob: Buffer; readonly comment: string }[] {
  if (answer[0] !== IDENTITIES_ANSWER) throw new Error('it refuses to list its keys');
  const found: { blob: Buffer; comment: string }[] = [];
  for (let left = answer.readUInt32BE(1), at = 5; left > 0; left--) {
    const [blob, afterBlob] = field(answer, at);
    const [comment, next] = field(answer, afterBlob);
    found.push({ blob, comment: comment.toString() });
    at = next;
  }
  return found;
}

const request = (path: string, message: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const socket = connect(path, () => socket.write(message));
    socket.setTimeout(LIST_LIMIT_MS, () => socket.destroy(new Error('it sent nothing')));
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length < 4 || answer.length < 4 + answer.readUInt32BE(0)) return;
      resolve(answer.subarray(4));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it hung up')));
  });
