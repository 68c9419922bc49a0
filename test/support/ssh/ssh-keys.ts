import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { Secret } from '../../../src/core/base/secret.ts';
import type { Question } from '../../../src/transport/ssh/ask.ts';

/** Makes a key pair, again if it exists. @returns the private key's file */
export function keyPair(
  file: string,
  {
    passphrase = '',
    type = 'ed25519',
    format = 'RFC4716',
  }: { passphrase?: string; type?: string; format?: string } = {},
): string {
  for (const each of [file, `${file}.pub`]) rmSync(each, { force: true });
  execFileSync('ssh-keygen', ['-q', '-t', type, '-m', format, '-N', passphrase, '-C', 'test', '-f', file]);
  return file;
}

/** A string of the SSH protocol: its length, then its bytes (RFC 4251 §5). */
export function wireText(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** `SHA256:…` of a key file. */
export const printOf = (file: string): string =>
  execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1] ?? '';

/** An ssh-agent with these keys. */
export async function startAgent(socket: string, keys: readonly string[]): Promise<Disposable> {
  rmSync(socket, { force: true });
  const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise<void>((resolve) => agent.stdout?.once('data', () => resolve()));
  for (const key of keys)
    execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'pipe' });
  return { [Symbol.dispose]: () => void agent.kill() };
}

/** A prompter with these answers one after another, then none, that records the questions. */
export function promptWith(...answers: readonly string[]) {
  const asked: Question[] = [];
  const ask = async (question: Question): Promise<Secret | undefined> => {
    const answer = answers[asked.push(question) - 1];
    return answer === undefined ? undefined : Secret.of(answer);
  };
  return { ask, asked };
}
