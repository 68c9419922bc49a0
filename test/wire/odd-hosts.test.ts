import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import type { RawConnection } from '../../src/transport/raw-connection.ts';
import { connectSsh } from '../../src/transport/ssh.ts';
import { installed } from '../support/installed.ts';
import { type SshdOptions, startSshd, type TestSshd } from '../support/sshd.ts';

const open = (sshd: TestSshd, ...[overrides]: Parameters<TestSshd['target']>): Promise<RawConnection> =>
  connectSsh(sshd.target(overrides), { acceptNewHostKeys: false });

const OWNED = { mode: '0600', owner: 0, group: 0 } as const;

describe('a login shell that greets on both streams', () => {
  test.each<[shell: string, debianPackage: string, startFile: string]>([
    ['/bin/sh', 'dash', '.ssh/rc'],
    ['/bin/dash', 'dash', '.ssh/rc'],
    ['/bin/bash', 'bash', '.bashrc'],
    ['/usr/bin/zsh', 'zsh', '.zshenv'],
    ['/usr/bin/fish', 'fish', '.config/fish/config.fish'],
    ['/bin/csh', 'csh', '.cshrc'],
  ])('%s', async (shell, debianPackage, startFile) => {
    installed(shell, debianPackage);
    await using sshd = await startSshd({ shell });
    const file = join(sshd.home, startFile);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "echo 'Welcome!'\nsh -c 'echo mind the step >&2'\n");
    execFileSync('chown', ['-R', `${sshd.user}:`, sshd.home]);
    // Or a shell that greets nobody would pass.
    const plain = spawnSync(
      installed('/usr/bin/ssh', 'openssh-client'),
      [
        ...['-F', 'none', '-i', sshd.identityFile, '-o', `UserKnownHostsFile=${sshd.knownHosts}`, '-p', `${sshd.port}`],
        ...[`${sshd.user}@127.0.0.1`, 'echo in'],
      ],
      { encoding: 'utf8' },
    );
    expect([plain.stdout, plain.stderr]).toEqual(['Welcome!\nin\n', 'mind the step\n']);
    const host = await open(sshd);
    expect(
      await host.run({ script: "printf '%s\\n' \"it's $A!\"; cat; exit 3" }, { stdin: 'rest', env: { A: 'x\ny' } }),
    ).toEqual({ code: 3, signal: null, stdout: "it's x\ny!\nrest", stderr: '' });
    expect(await host.stat('/')).toMatchObject({ type: 'directory' });
    const path = join(sshd.directory, "a 'quoted' $path\n`here`!");
    await host.writeFile(path, 'content', OWNED);
    expect(readFileSync(path, 'utf8')).toBe('content');
    await host.close();
  });
});

describe('a sudo that', () => {
  const PASSWORD = 'open sésame';
  const strict = async (line: string): Promise<TestSshd> => {
    const options: SshdOptions = { sudo: 'password' };
    const sshd = await startSshd(options);
    const hash = execFileSync('openssl', ['passwd', '-6', PASSWORD], { encoding: 'utf8' }).trim();
    execFileSync('flock', ['/tmp/api7-orch-users.lock', 'usermod', '-p', hash, sshd.user]);
    execFileSync('sh', ['-c', `echo 'Defaults:${sshd.user} ${line}' >> /etc/sudoers.d/${sshd.user}`]);
    return sshd;
  };

  test.each([
    ['lectures whoever it asks', 'lecture=always'],
    ['lectures at length', 'lecture=always, lecture_file=/etc/services'],
    ['asks for every command', 'timestamp_timeout=0'],
  ])('%s is answered, and its words are nowhere in the output', async (_name, line) => {
    await using sshd = await strict(line);
    const host = await open(sshd, { becomePassword: Secret.of(PASSWORD) });
    expect((await host.facts()).uid).toBe(0);
    expect(await host.run({ script: 'id -un; cat; echo err >&2' }, { stdin: 'in\n' })).toEqual({
      code: 0,
      signal: null,
      stdout: 'root\nin\n',
      stderr: 'err\n',
    });
    await host.close();
    const nobody = await open(sshd);
    await expect(nobody.facts()).rejects.toMatchObject({ code: 'CONNECT_SUDO_PASSWORD' });
    await nobody.close();
  });
});

describe('a clock that is', () => {
  const DAY_MS = 86_400_000;
  test.each([
    ['three days ahead', '+3d', 3 * DAY_MS],
    ['twenty years behind', '-7300d', -7300 * DAY_MS],
  ])('%s is told, and everything else goes on as ever', async (_name, offset, expected) => {
    const library = `/usr/lib/${execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()}-linux-gnu/faketime/libfaketime.so.1`;
    installed(library, 'libfaketime');
    await using sshd = await startSshd({ sudo: 'none', config: [`SetEnv LD_PRELOAD=${library} FAKETIME=${offset}`] });
    const host = await open(sshd, { become: 'none' });
    const { clockSkewMs, uid } = await host.facts();
    // The host answers within a minute.
    expect(Math.abs(clockSkewMs - expected)).toBeLessThan(60_000);
    const owned = { mode: '0600', owner: uid, group: sshd.user } as const;
    const bytes = Buffer.alloc(300_000, 'b');
    const local = join(sshd.directory, 'local');
    writeFileSync(local, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await host.writeFile(join(sshd.home, 'small'), 'small', owned);
    await host.upload(local, join(sshd.home, 'large'), { ...owned, sha256 });
    expect(await host.sha256(join(sshd.home, 'large'))).toBe(sha256);
    expect(readdirSync(sshd.home).sort()).toEqual(['large', 'small']);
    await expect(host.run({ argv: ['sleep', '30'] }, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await host.close();
  });
});

describe('bytes that are no text', () => {
  let sshd: TestSshd;
  let host: RawConnection;
  beforeAll(async () => {
    sshd = await startSshd();
    host = await open(sshd);
  });
  afterAll(async () => {
    await host.close();
    await sshd[Symbol.asyncDispose]();
  });

  test('NUL bytes pass in both directions and on both streams', async () => {
    const stdin = Buffer.from('a\0b\0\0\nc\0');
    const result = await host.run({ script: 'tee /dev/stderr' }, { stdin });
    expect([result.stdout, result.stderr]).toEqual([stdin.toString(), stdin.toString()]);
    const path = join(sshd.directory, 'nul');
    await host.writeFile(path, stdin, OWNED);
    expect(readFileSync(path).equals(stdin)).toBe(true);
    expect((await host.read(path))?.equals(stdin)).toBe(true);
  });

  test('names that are not UTF-8 hide none that are, and go with their directory', async () => {
    const directory = join(sshd.directory, 'names');
    mkdirSync(directory);
    for (const name of [[0xff], [0xc3, 0x28], [0x61, 0xe6, 0xbc], [...Buffer.from('é漢')]])
      writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name)]), 'x');
    expect(await host.tree(directory)).toEqual({ '\ufffd': 1, '\ufffd(': 1, 'a\ufffd': 1, é漢: 1 });
    expect((await host.run({ argv: ['ls', '-b', directory] })).stdout).toContain('\\377');
    expect((await host.run({ script: 'printf "\\377\\n"; printf "\\376" >&2; exit 2' })).code).toBe(2);
    await host.remove(directory);
    expect(readdirSync(sshd.directory)).not.toContain('names');
  });
});
