import { expect, test } from 'vitest';
import { bootFault } from '../../../src/transport/shell/boot-errors.ts';

const ended = { code: 1, signal: null };

test.each([
  'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
  "sudo: effective uid is not 0, is /usr/bin/sudo on a file system with the 'nosuid' option set or an NFS file system without root privileges?",
  'sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set',
  'sudo: unable to resolve host gw-1: Name or service not known\nsudo: no valid sudoers sources found, quitting',
  'sudo: sh: command not found',
  "sudo: 'sh': command not found",
  "sudo: '/usr/bin/sh': invalid command",
  'sudo: invalid configuration: invalid sudoers file',
  "sudo: I'm sorry ops. I'm afraid I can't do that",
  'sudo: Sorry, user ops may not run sh on gw-1.',
  'sudo: Sorry, user ops is not allowed to authenticate as root.',
  'sudo: Account validation failure, is your account locked?',
  'sudo: Account or password is expired, reset your password and try again',
  'doas: Operation not permitted',
  'doas: a tty is required',
  'doas: not installed setuid',
  'doas: sh: command not found',
])('a sudo that does not work is not mistaken for one that needs a password: %s', (printed) => {
  const fault = bootFault('sudo', ended, printed);
  expect(fault).toMatchObject({ code: 'CONNECT_SUDO_DENIED', details: printed });
  expect(fault.hint).not.toMatch(/become/);
});

test.each([
  'sudo: a password is required',
  'sudo: interactive authentication is required',
  'sudo: Authentication required but not attempted',
  'doas: Authentication required',
  'sudo: il est nécessaire de saisir un mot de passe',
  '/etc/sudoers.d/old:1:5: syntax error\nfoo bar\n    ^~~\nsudo: a password is required',
])('other messages of sudo have the password as their hint, in any language: %s', (printed) => {
  expect(bootFault('sudo', ended, printed)).toMatchObject({ code: 'CONNECT_SUDO_PASSWORD' });
});

test.each([
  'sudo: 3 incorrect password attempts',
  'sudo: maximum 3 incorrect authentication attempts',
  'sudo: Incorrect authentication attempt',
  'doas: Authentication failed',
])('a refused password is not asked for again: %s', (printed) => {
  expect(bootFault('sudo', ended, printed)).toMatchObject({ code: 'CONNECT_SUDO_PASSWORD_WRONG' });
});
