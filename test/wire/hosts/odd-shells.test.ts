import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import { installed } from '../../support/base/installed.ts';
import { startSshd } from '../../support/ssh/sshd.ts';

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
    // Otherwise a shell without a greeting would pass.
    const plain = spawnSync(
      installed('/usr/bin/ssh', 'openssh-client'),
      [
        ...['-F', 'none', '-i', sshd.identityFile, '-o', `UserKnownHostsFile=${sshd.knownHosts}`, '-p', `${sshd.port}`],
        ...[`${sshd.user}@127.0.0.1`, 'echo in'],
      ],
      { encoding: 'utf8' },
    );
    expect([plain.stdout, plain.stderr]).toEqual(['Welcome!\nin\n', 'mind the step\n']);
    const host = await sshd.connect();
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

describe('a host without sudo', () => {
  test.each([
    ['/bin/sh', 'dash'],
    ['/bin/bash', 'bash'],
    ['/usr/bin/zsh', 'zsh'],
    ['/usr/bin/fish', 'fish'],
    ['/bin/csh', 'csh'],
  ])('%s: the missing program is named, with a password and without', async (shell, debianPackage) => {
    installed(shell, debianPackage);
    await using sshd = await startSshd({ sudo: 'none', shell, config: ['SetEnv PATH=/nowhere'] });
    for (const overrides of [{}, { becomePassword: Secret.of('of no use') }]) {
      const host = await sshd.connect(overrides);
      await expect(host.facts()).rejects.toMatchObject({
        code: 'CONNECT_SUDO_MISSING',
        hint: expect.stringContaining('install sudo'),
        details: expect.not.stringContaining('read -r n t'),
      });
      await host.close();
    }
  });
});
