import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { answerCutter, bootLine, bootMessage } from '../../../src/transport/shell/bootstrap.ts';
import { SHELLS } from '../../support/base/shells.ts';

const SH = ['/bin/sh', ['/bin/sh']] as const;

describe.each([SH, ...SHELLS])('%s', (_name, [program, ...rest]) => {
  const run = (input: Buffer) => spawnSync(program, [...rest, '-c', bootLine('none')], { input });

  test('runs the whole script with the rest of the input as its own', () => {
    const message = bootMessage('cat; echo "[$n$t$s]"; exit 5');
    const { stdout, status } = run(Buffer.concat([message.bytes, Buffer.from('rest\n')]));
    let group = '';
    const cut = answerCutter(message.token, (answer) => {
      group = answer;
    });
    expect(cut(stdout).toString()).toBe('rest\n[]\n');
    expect(Number(group)).toBeGreaterThan(1);
    expect(status).toBe(5);
  });

  test('runs nothing of a truncated script, at any cut', () => {
    const { bytes } = bootMessage('echo ran\necho ran\n');
    for (let length = 0; length < bytes.length; length += 7) {
      const { stdout, status } = run(bytes.subarray(0, length));
      expect(stdout.toString()).toBe('');
      expect(status).toBe(120);
    }
  });
});

test('the command line means the same to every login shell', () => {
  for (const become of ['sudo', 'none'] as const) {
    const line = bootLine(become);
    expect(line.split("'").length).toBe(3);
    expect(line).not.toMatch(/[\\\n!]/);
  }
});

test('the reply is found behind noise, in pieces of any size', () => {
  const whole = Buffer.from('Welcome\nabc\n=TOKEN 42\n=TOKEN stays\n');
  for (let size = 1; size <= whole.length; size++) {
    let answer = '';
    const cut = answerCutter('TOKEN', (found) => {
      answer = found;
    });
    let out = '';
    for (let at = 0; at < whole.length; at += size) out += cut(whole.subarray(at, at + size)).toString();
    expect([answer, out]).toEqual(['42', '=TOKEN stays\n']);
  }
});

test('a program that echoes its input has not replied', () => {
  const message = bootMessage('echo "$HOME"');
  let answered = false;
  const cut = answerCutter(message.token, () => {
    answered = true;
  });
  expect([cut(Buffer.concat([message.bytes, Buffer.from('\n')])).length, answered]).toEqual([0, false]);
});

test('a script with a NUL is refused', () => {
  expect(() => bootMessage('echo \0')).toThrow(/NUL/);
});
