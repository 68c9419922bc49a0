import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { defined } from '../../../src/core/base/data.ts';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';
import { type HoldingRelay, holdingRelay } from './holding-relay.ts';
import { startSshd, type TestSshd } from './sshd.ts';

export const OWNED = { mode: '0644', owner: 'root', group: 'root' } as const;
export const MB = 1_000_000;
export const bytes = randomBytes(20 * MB);
export const digestOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
export const sha256 = digestOf(bytes);

/** The path of the part file of an upload. */
export const partOf = (path: string, digest = sha256): string =>
  path.replace(/([^/]*)$/, `.$1.${digest.slice(0, 12)}.api7-orch-part`);
export const content = (path: string): string => digestOf(readFileSync(path));
export const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8).padStart(4, '0');
export const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  );

/** A server behind a relay, a file of 20 MB, and for each test a target directory of its own. */
export interface UploadScene {
  readonly sshd: TestSshd;
  readonly relay: HoldingRelay;
  readonly base: string;
  readonly directory: string;
  readonly local: string;
  readonly target: string;
  /** Through the relay, which counts bytes and can hold them. */
  relayed(): Promise<RawConnection>;
  upload(host: RawConnection, onProgress?: (sent: number) => void): Promise<void>;
  /** An upload that stopped at a byte, on a connection that stays open. */
  begun(after: number): Promise<{ readonly host: RawConnection; readonly ended: Promise<string> }>;
}

/** To be called once at the top of a test file. */
export function uploadScene(): UploadScene {
  let sshd: TestSshd;
  let relay: HoldingRelay;
  let base: string;
  let directory: string;
  beforeAll(async () => {
    sshd = await startSshd();
    relay = await holdingRelay(sshd.port);
    base = temporaryDirectory('upload');
  });
  afterAll(async () => {
    await relay[Symbol.asyncDispose]();
    await sshd[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    directory = temporaryDirectory('on-the-host', base);
    writeFileSync(scene.local, bytes);
  });
  afterEach(() => relay.cut());

  const scene: UploadScene = {
    get sshd() {
      return sshd;
    },
    get relay() {
      return relay;
    },
    get base() {
      return base;
    },
    get directory() {
      return directory;
    },
    get local() {
      return join(base, 'from');
    },
    get target() {
      return join(directory, "it's a package");
    },
    async relayed() {
      const knownHosts = join(base, 'known-hosts');
      writeFileSync(knownHosts, `[127.0.0.1]:${relay.port} ${sshd.hostKey()}\n`);
      return await connectSsh(sshd.target({ port: relay.port, knownHosts: [knownHosts] }), {
        acceptNewHostKeys: false,
      });
    },
    upload: (host, onProgress) =>
      host.upload(scene.local, scene.target, {
        ...OWNED,
        sha256,
        ...defined({ onProgress }),
      }),
    async begun(after) {
      const host = await scene.relayed();
      await host.facts();
      const held = relay.holdAfter(after);
      const ended = codeOf(scene.upload(host));
      await held;
      // Bytes that have passed the relay are still on their way to the disk.
      await expect
        .poll(() => sizeOf(partOf(scene.target)), { timeout: 10_000 })
        .toBeGreaterThan(Math.max(0, after - 3 * MB));
      return { host, ended };
    },
  };
  return scene;
}
