import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import { locked, type SshdOptions, startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

describe('a sudo that', () => {
  const PASSWORD = 'open sésame';
  const withPassword = async (options: SshdOptions): Promise<TestSshd> => {
    const sshd = await startSshd(options);
    const hash = execFileSync('openssl', ['passwd', '-6', PASSWORD], { encoding: 'utf8' }).trim();
    locked('usermod', ['-p', hash, sshd.user]);
    return sshd;
  };
  const strict = async (line: string): Promise<TestSshd> => {
    const sshd = await withPassword({ sudo: 'password' });
    execFileSync('sh', ['-c', `echo 'Defaults:${sshd.user} ${line}' >> /etc/sudoers.d/${sshd.user}`]);
    return sshd;
  };

  test.each([
    ['lectures each user', 'lecture=always'],
    ['lectures at length', 'lecture=always, lecture_file=/etc/services'],
    ['asks for every command', 'timestamp_timeout=0'],
  ])('%s is handled, and its words are nowhere in the output', async (_name, line) => {
    await using sshd = await strict(line);
    const host = await sshd.connect({ becomePassword: Secret.of(PASSWORD) });
    expect((await host.facts()).uid).toBe(0);
    expect(await host.run({ script: 'id -un; cat; echo err >&2' }, { stdin: 'in\n' })).toEqual({
      code: 0,
      signal: null,
      stdout: 'root\nin\n',
      stderr: 'err\n',
    });
    await host.close();
    const nobody = await sshd.connect();
    await expect(nobody.facts()).rejects.toMatchObject({ code: 'CONNECT_SUDO_PASSWORD' });
    await nobody.close();
  });

  interface Refusal {
    readonly how: string;
    /** Lines of sudoers about USER. */
    readonly rules: readonly string[];
    readonly password?: true;
    readonly expired?: true;
    /** PAM's verdict on the account. */
    readonly pam?: string;
    readonly printed: RegExp;
    readonly hint: RegExp;
  }
  const LINE = /"ops ALL=\(ALL\) ALL" in \/etc\/sudoers\.d/;
  const NO_TTY = /"Defaults:ops !requiretty" in \/etc\/sudoers\.d/;
  const refusals: readonly Refusal[] = [
    {
      how: 'allows all but sh, without a password',
      rules: ['USER ALL=(ALL) NOPASSWD: ALL, !/bin/sh'],
      printed: /^Sorry, user orch\w+ is not allowed to execute '\S+\/sh -c …' as root on /m,
      hint: LINE,
    },
    {
      how: 'allows all but sh, with the right password',
      rules: ['USER ALL=(ALL) ALL, !/bin/sh'],
      password: true,
      printed: /^Sorry, user orch\w+ is not allowed to execute '\S+\/sh -c …' as root on /m,
      hint: LINE,
    },
    { how: 'knows nothing of the user', rules: [], password: true, printed: /is not in the sudoers file/, hint: LINE },
    {
      how: 'knows the user for another host',
      rules: ['USER elsewhere=(ALL) ALL'],
      password: true,
      printed: /is not allowed to run sudo on /,
      hint: LINE,
    },
    {
      how: 'wants a terminal',
      rules: ['Defaults:USER requiretty', 'USER ALL=(ALL) NOPASSWD: ALL'],
      printed: /must have a tty/,
      hint: NO_TTY,
    },
    {
      how: 'wants a terminal and a password',
      rules: ['Defaults:USER requiretty', 'USER ALL=(ALL) ALL'],
      password: true,
      printed: /must have a tty/,
      hint: NO_TTY,
    },
    {
      how: 'finds no sh',
      rules: ['Defaults:USER secure_path=/nonexistent', 'USER ALL=(ALL) NOPASSWD: ALL'],
      printed: /^sudo: sh: command not found/m,
      hint: /secure_path/,
    },
    {
      how: 'finds that the account has expired',
      rules: ['USER ALL=(ALL) NOPASSWD: ALL'],
      expired: true,
      printed: /^sudo: account validation failure/m,
      hint: /chage -l/,
    },
    {
      how: 'finds that PAM takes the password for expired',
      rules: ['Defaults:USER pam_service=USER', 'USER ALL=(ALL) ALL'],
      password: true,
      pam: 'authtok_expired',
      printed: /: Password expired, contact/,
      hint: /locked.*PAM.*"ops ALL=\(ALL\) ALL"/,
    },
    {
      how: 'finds that PAM takes the account for expired',
      rules: ['Defaults:USER pam_service=USER', 'USER ALL=(ALL) NOPASSWD: ALL'],
      pam: 'acct_expired',
      printed: /: Account expired or PAM config lacks/,
      hint: /locked.*PAM.*"ops ALL=\(ALL\) ALL"/,
    },
    {
      how: 'finds that PAM bars the account',
      rules: ['Defaults:USER pam_service=USER', 'USER ALL=(ALL) NOPASSWD: ALL'],
      pam: 'perm_denied',
      printed: /(?:^|: )PAM account management error: Permission denied$/m,
      hint: /locked.*PAM.*"ops ALL=\(ALL\) ALL"/,
    },
  ];
  test.each(refusals)(
    '$how refuses for good: the hint is no password, and the command line of api7-orch is not shown',
    async ({ rules, password, expired, pam, printed, hint }) => {
      await using sshd = await withPassword({ sudo: 'password' });
      const text = ['# nothing', ...rules].map((rule) => `${rule.replaceAll('USER', sshd.user)}\n`).join('');
      writeFileSync(`/etc/sudoers.d/${sshd.user}`, text, { mode: 0o440 });
      const service = `/etc/pam.d/${sshd.user}`;
      using _service = { [Symbol.dispose]: () => rmSync(service, { force: true }) };
      if (pam !== undefined)
        writeFileSync(service, `auth required pam_permit.so\naccount required pam_debug.so acct=${pam}\n`);
      const host = await sshd.connect(password === undefined ? {} : { becomePassword: Secret.of(PASSWORD) });
      // Only now: sshd would refuse the login, too.
      if (expired) locked('usermod', ['-e', '1970-01-02', sshd.user]);
      const refused = { code: 'CONNECT_SUDO_DENIED', retryable: false, host: 'test-host' };
      const ours = /read -r|eval|ready/;
      for (const work of [() => host.facts(), () => host.run({ argv: ['true'] })]) {
        const error = await work().catch((reason: unknown) => reason);
        const reported = { hint: expect.stringMatching(hint), details: expect.stringMatching(printed) };
        expect(error).toMatchObject({ ...refused, ...reported });
        expect(error).toMatchObject({ details: expect.not.stringMatching(ours) });
      }
      await host.close();
    },
  );
});

describe('a host that runs no command', () => {
  test('a sudo whose sh may start no program is not mistaken for a failed command', async () => {
    await using sshd = await startSshd();
    execFileSync('sh', ['-c', `echo 'Defaults:${sshd.user} noexec' >> /etc/sudoers.d/${sshd.user}`]);
    const host = await sshd.connect();
    const refused = { code: 'CONNECT_SHELL_REFUSED', hint: expect.stringContaining('noexec') };
    await expect(host.run({ script: 'echo never' })).rejects.toMatchObject(refused);
    await expect(host.facts()).rejects.toMatchObject(refused);
    await host.close();
  });

  test('a server that echoes its input has not run the command, and the script is not shown', async () => {
    await using sshd = await startSshd({ config: ['ForceCommand cat'] });
    const host = await sshd.connect({ become: 'none' });
    const error = await host.run({ script: 'echo s3cret' }, { stdin: 'x'.repeat(100_000) }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'CONNECT_SHELL_REFUSED', hint: expect.stringContaining('ForceCommand') });
    expect(JSON.stringify(error)).not.toContain('s3cret');
    await host.close();
  });
});
