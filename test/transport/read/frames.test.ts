import { spawn } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameCollector, frame, frameLoop } from '../../../src/transport/read/frames.ts';
import { SHELLS } from '../../support/base/shells.ts';

/** A shell in the loop, all frames written at once, and both streams until it ended. */
async function converse(
  [program, ...rest]: readonly [string, ...string[]],
  input: Buffer,
  env: NodeJS.ProcessEnv = process.env,
  loop = frameLoop(''),
): Promise<{ readonly out: Buffer; readonly err: Buffer; readonly code: number | null }> {
  const child = spawn(program, [...rest, '-c', loop], { stdio: 'pipe', env });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { out: Buffer.concat(out), err: Buffer.concat(err), code };
}

/** The content of a stream for these frames, in order. */
function parts(tokens: readonly string[], bytes: Buffer): readonly { readonly body: Buffer; readonly code: number }[] {
  let rest = bytes;
  return tokens.map((token) => {
    const collector = new FrameCollector(token);
    collector.push(rest);
    const { end } = collector;
    if (end === undefined) throw new Error(`no end in ${rest.toString()}`);
    rest = end.rest;
    return { body: end.body, code: end.code };
  });
}

describe.each(SHELLS)('%s', (_name, shell) => {
  test('each script has its own output, code and input, without those of the one before', async () => {
    const input = Buffer.from([0, 1, 255, 10, 0, 39, 92]);
    const frames = [
      frame('echo one; echo un >&2; exit 3'),
      frame('cd /; set -e; false; echo never'),
      frame('a=1; trap "echo trapped" EXIT; exit 0'),
      frame('cat', input),
      frame('echo "early, $a"; exit 1', Buffer.alloc(200_000, 'x')),
      frame('read -r line; echo "[$line]"; pwd >/dev/null'),
      frame('kill -s KILL "$(sh -c \'echo $PPID\')"'),
      frame('echo last'),
    ];
    const { out, err } = await converse(shell, Buffer.concat(frames.map(({ bytes }) => bytes)));
    const tokens = frames.map(({ token }) => token);
    const printed = parts(tokens, out);
    expect(printed.map(({ body }) => body)).toEqual(
      ['one\n', '', 'trapped\n', input, 'early, \n', '[]\n', '', 'last\n'].map((text) => Buffer.from(text)),
    );
    expect(printed.map(({ code }) => code)).toEqual([3, 1, 0, 0, 1, 0, 137, 0]);
    expect(parts(tokens, err)[0]?.body.toString()).toBe('un\n');
  });

  test('a script without background processes is run by the shell itself, without input and with its own output and code', async () => {
    const plain = frame('cat; echo one; echo un >&2; (exit 3)', undefined, { inside: true });
    const long = frame(`: ${'x'.repeat(4000)}; echo $$; sh -c 'echo $PPID'`, undefined, { inside: true });
    const next = frame('echo next');
    const { out, err } = await converse(shell, Buffer.concat([plain.bytes, long.bytes, next.bytes]));
    const tokens = [plain.token, long.token, next.token];
    const [first, second, third] = parts(tokens, out).map(({ body, code }) => [body.toString(), code]);
    expect([first, third]).toEqual([
      ['one\n', 3],
      ['next\n', 0],
    ]);
    expect(second).toEqual([expect.stringMatching(/^(\d+)\n\1\n$/), 0]);
    expect(parts(tokens, err)[0]?.body.toString()).toBe('un\n');
  });

  test('a script that comes with the loop gets a reply like any other, and leaves no process', async () => {
    const first = frame('cat; a=1; echo one; echo un >&2; exit 3');
    const next = frame('echo "two $a"');
    const loop = frameLoop('', { script: 'cat; a=1; echo one; echo un >&2; exit 3', token: first.token });
    const { out, err } = await converse(shell, next.bytes, process.env, loop);
    const tokens = [first.token, next.token];
    expect(parts(tokens, out).map(({ body, code }) => [body.toString(), code])).toEqual([
      ['one\n', 3],
      ['two \n', 0],
    ]);
    expect(parts(tokens, err)[0]).toMatchObject({ code: 3 });
  });

  test('scripts of any length and any characters are run unchanged', async () => {
    const texts = [
      '',
      'a\\b\\\\n  \t',
      ' lead',
      'trail \\',
      'tab\tand\nlines\n\n',
      'ä\u0081',
      "it's",
      'x'.repeat(3000),
    ];
    const frames = texts.map((text) => frame(`printf %s '${text.replaceAll("'", "'\\''")}'`));
    const { out } = await converse(shell, Buffer.concat(frames.map(({ bytes }) => bytes)));
    const printed = parts(
      frames.map(({ token }) => token),
      out,
    );
    expect(printed.map(({ body }) => body.toString())).toEqual(texts);
  });

  test('unread input of a script is never read as the next script', async () => {
    const trap = frame('echo trapped').bytes;
    const frames = [frame('exit 1', Buffer.concat([trap, Buffer.alloc(200_000, 'x'), trap])), frame('echo next')];
    const { out } = await converse(shell, Buffer.concat(frames.map(({ bytes }) => bytes)));
    expect(out.toString()).not.toContain('trapped');
    expect(out.toString()).toContain('next');
  });

  test.each([
    ['sent as lines', ''],
    ['sent as a block', ' # ä'],
  ])('a truncated script is never run, at any cut: %s', async (_how, comment) => {
    const whole = frame(`echo ran\necho ran${comment}`).bytes;
    for (let length = 1; length < whole.length - 1; length += 6)
      expect((await converse(shell, whole.subarray(0, length))).out.toString()).not.toContain('ran');
  });
});

test('any output and any input come through unchanged, at any cut of the stream', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 97 }),
      async (inputs, step) => {
        const frames = inputs.map((input) => frame('cat', input));
        const { out } = await converse(['/bin/sh'], Buffer.concat(frames.map(({ bytes }) => bytes)));
        let rest = out;
        for (const [i, { token }] of frames.entries()) {
          const collector = new FrameCollector(token);
          for (let at = 0; at < rest.length; at += step) collector.push(rest.subarray(at, at + step));
          expect(collector.end?.body.equals(Buffer.from(inputs[i] ?? []))).toBe(true);
          rest = collector.end?.rest ?? Buffer.alloc(0);
        }
        expect(rest.length).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});

test('a script with a NUL is refused', () => {
  expect(() => frame('echo \0')).toThrow(/NUL/);
});
