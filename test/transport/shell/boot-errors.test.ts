import { expect, test } from 'vitest';
import { bootFault } from '../../../src/transport/shell/boot-errors.ts';

const ended = { code: 1, signal: null };

test.each([
  'sudo: The "no new privileges" flag is set, which prevents sudo from running as root.',
  "sudo: effective uid is not 0, is /usr/bin/sudo on a file system with the 'nosuid' option set or an NFS file system without root privileges?",
  'sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set',
  'sudo: unable to resolve host gw-1: Name or service not known\nsudo: no valid sudoers sources found, quitting',
  'sudo: sh: command not found',
])('a sudo that does not work is not taken for one that wants a password: %s', (said) => {
  const fault = bootFault('sudo', ended, said);
  expect(fault).toMatchObject({ code: 'CONNECT_SUDO_DENIED', details: said });
  expect(fault.hint).not.toMatch(/become/);
});

test.each([
  'sudo: a password is required',
  'sudo: il est nécessaire de saisir un mot de passe',
  '/etc/sudoers.d/old:1:5: syntax error\nfoo bar\n    ^~~\nsudo: a password is required',
])('a password is the remedy for what sudo says otherwise, in whichever language: %s', (said) => {
  expect(bootFault('sudo', ended, said)).toMatchObject({ code: 'CONNECT_SUDO_PASSWORD' });
});
