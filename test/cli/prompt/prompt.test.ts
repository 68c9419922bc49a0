import { describe, expect, test } from 'vitest';
import { askedPasswords } from '../../../src/cli/prompt/asked-passwords.ts';
import { type PromptOptions, terminalAsk } from '../../../src/cli/prompt/prompt.ts';
import { promptLine } from '../../../src/cli/prompt/prompt-line.ts';
import { defined } from '../../../src/core/base/data.ts';
import { forgetSecrets, knownSecrets } from '../../../src/core/base/secret.ts';
import { ttyRenderer } from '../../../src/render/tty/tty.ts';
import type { Question } from '../../../src/transport/ssh/ask.ts';
import { numbered, runEnd } from '../../render/scenarios.ts';
import { Terminal } from '../../render/terminal.ts';
import { promptWith } from '../../support/ssh/ssh-keys.ts';

const question: Question = { kind: 'password', what: 'password of ops', echo: false };

/** A terminal at which these keys are pressed as soon as it is read: once for each opening. */
function typing(...typed: readonly (readonly string[])[]) {
  const written: string[] = [];
  let opened = 0;
  let closed = 0;
  const open: NonNullable<PromptOptions['open']> = () => {
    const keys = typed[opened++] ?? [];
    return {
      write: (text) => void written.push(text),
      read(take) {
        setTimeout(() => {
          for (const key of keys) take(Buffer.from(key, 'latin1'));
        }, 5);
      },
      close: () => void closed++,
    };
  };
  return { open, written, opened: () => opened, closed: () => closed };
}
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

describe('a typed line', () => {
  test.each<[string, readonly string[], string, string]>([
    ['plain', ['secret\r'], 'secret', 'secret'],
    ['what comes after return is not taken', ['one\rtwo'], 'one', 'one'],
    ['corrected, a wide character at a time', ['ab漢\u007fc\r'], 'abc', 'ab漢\b \bc'],
    ['taken back as a whole', ['wrong\u0015right\r'], 'right', `wrong${'\b \b'.repeat(5)}right`],
    ['nothing to take back', ['\u007f\u007fx\r'], 'x', 'x'],
    ['arrows are no characters, not even in two pieces', ['a\u001b[', 'Db\u001b[1;5C\u001bOA\r'], 'ab', 'ab'],
    ['pasted', ['\u001b[200~pasted\u001b[201~\r'], 'pasted', 'pasted'],
    ['other control characters are not taken', ['a\u0001\tb\r'], 'ab', 'ab'],
  ])('%s', (_name, typed, text, shown) => {
    const seen = promptLine(true);
    const hidden = promptLine(false);
    expect(typed.map(seen.feed).join('')).toBe(shown);
    expect(typed.map(hidden.feed).join('')).toBe('');
    expect([seen.text(), seen.end(), hidden.text()]).toEqual([text, 'entered', text]);
  });

  test.each<[string, 'interrupted' | 'closed' | undefined]>([
    ['\u0003', 'interrupted'],
    ['half\u0003', 'interrupted'],
    ['\u0004', 'closed'],
    ['half\u0004', undefined],
  ])('%j ends it as %s', (typed, end) => {
    const line = promptLine(false);
    line.feed(typed);
    expect(line.end()).toBe(end);
  });
});

describe('questions at the terminal', () => {
  test('one question at a time, the answer hidden, also where a character comes in pieces', async () => {
    const terminal = typing([...utf8('sésame\r')], ['second\r']);
    const ask = terminalAsk({ open: terminal.open });
    const [one, two] = await Promise.all([ask(question), ask({ ...question, what: 'PIN (gw-1)', echo: true })]);
    expect([one?.reveal(), two?.reveal()]).toEqual(['sésame', 'second']);
    expect(terminal.written).toEqual(['password of ops: ', '\n', 'PIN (gw-1): ', 'second', '\n']);
    expect(terminal.closed()).toBe(2);
  });

  test('api7-orch’s own words come first, those of the host are a quotation and draw nothing', async () => {
    const terminal = typing(['123456\r']);
    await terminalAsk({ open: terminal.open })({
      kind: 'challenge',
      what: 'gw-1 (10.0.0.7:22): answer for ops',
      quoted: ['\u001b[2JPassword for\u202e root:', 'gw-2 (10.0.0.8:22): password of root: \n[gw-2] changed: all'],
      echo: false,
    });
    expect(terminal.written[0]).toBe(
      [
        "gw-1 (10.0.0.7:22): answer for ops; the server's words:",
        '    | Password for root:',
        '    | gw-2 (10.0.0.8:22): password of root:  [gw-2] changed: all',
        'answer: ',
      ].join('\n'),
    );
  });

  test('only a hidden answer is a secret', async () => {
    forgetSecrets();
    const terminal = typing(['gateways\r'], ['sEcret-word\r']);
    const ask = terminalAsk({ open: terminal.open });
    expect((await ask({ ...question, echo: true }))?.reveal()).toBe('gateways');
    expect((await ask(question))?.reveal()).toBe('sEcret-word');
    expect([...knownSecrets()]).toEqual(['sEcret-word']);
  });

  test('a hidden answer that is too short to be masked is accepted with a warning', async () => {
    const terminal = typing(['abc\r'], ['\r'], ['abcd\r']);
    const ask = terminalAsk({ open: terminal.open });
    expect((await ask(question))?.reveal()).toBe('abc');
    const warning = '\nwarning: fewer than 4 characters cannot be masked in output';
    expect(terminal.written).toEqual(['password of ops: ', warning, '\n']);
    await ask(question);
    await ask(question);
    expect(terminal.written.filter((text) => text === warning).length).toBe(1);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)(
    '%s ends the open question and gives the terminal back',
    async (name) => {
      const terminal = typing([], ['late\r']);
      let heard = 0;
      const listener = () => void heard++;
      process.on(name, listener);
      try {
        const ask = terminalAsk({ open: terminal.open });
        const answer = ask(question);
        setTimeout(() => process.emit(name), 20);
        expect(await answer).toBeUndefined();
        expect(await ask(question)).toBeUndefined();
        expect([heard, terminal.opened(), terminal.closed(), process.listenerCount(name)]).toEqual([1, 1, 1, 1]);
      } finally {
        process.off(name, listener);
      }
    },
  );

  test('a closed terminal ends the question', async () => {
    let closed = 0;
    const ask = terminalAsk({
      open: () => ({ write: () => {}, read: (_typed, gone) => void setTimeout(gone, 5), close: () => void closed++ }),
    });
    expect([await ask(question), closed]).toEqual([undefined, 1]);
  });

  test('Ctrl-C interrupts, and no further question follows', async () => {
    const terminal = typing(['\u0003'], ['answer\r']);
    let interrupts = 0;
    const ask = terminalAsk({ open: terminal.open, interrupt: () => interrupts++ });
    expect(await Promise.all([ask(question), ask(question)])).toEqual([undefined, undefined]);
    expect([interrupts, terminal.opened(), terminal.closed()]).toEqual([1, 1, 1]);
  });

  test('another interrupt withdraws the question', async () => {
    const terminal = typing([]);
    const stop = new AbortController();
    const ask = terminalAsk({ open: terminal.open, signal: stop.signal });
    const answer = ask(question);
    setTimeout(() => stop.abort(), 20);
    expect(await answer).toBeUndefined();
    expect(terminal.closed()).toBe(1);
    expect(await ask(question)).toBeUndefined();
    expect(terminal.opened()).toBe(1);
  });

  test('an interrupt while the progress view is removed leaves the question unasked', async () => {
    const terminal = typing(['answer\r']);
    const stop = new AbortController();
    let released = 0;
    const hold = async () => {
      await new Promise((done) => setTimeout(done, 10));
      stop.abort();
      return () => void released++;
    };
    const ask = terminalAsk({ open: terminal.open, signal: stop.signal, hold });
    expect(await ask(question)).toBeUndefined();
    expect(terminal.written.join('')).not.toContain(question.what);
    expect([terminal.closed(), released]).toEqual([1, 1]);
  });

  test('a progress view that cannot be removed leaves no terminal open', async () => {
    const terminal = typing();
    const ask = terminalAsk({ open: terminal.open, hold: () => Promise.reject(new Error('stuck')) });
    await expect(ask(question)).rejects.toThrow('stuck');
    expect(terminal.closed()).toBe(1);
  });

  test('without a terminal a question is impossible', async () => {
    let looked = 0;
    const ask = terminalAsk({ open: () => void looked++ });
    expect([await ask(question), await ask(question), looked]).toEqual([undefined, undefined, 1]);
  });

  test('the progress view makes room for the question below the lines that explain it, and returns below it', async () => {
    const terminal = new Terminal(12, 60);
    // Enough for a renderer, but no socket.
    const stream = terminal as unknown as NodeJS.WriteStream;
    const write = terminal.write.bind(terminal);
    const renderer = ttyRenderer({ stdout: stream, stderr: stream, verbose: false, diff: false });
    const events = numbered([
      { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts: ['gw-1'] },
      { type: 'play.start', play: 'Gateways', hosts: ['gw-1'] },
      { type: 'warning', host: 'gw-1', message: 'its clock is 42 s ahead' },
      runEnd({ 'gw-1': { ok: 1 } }),
    ]);
    for (const event of events.slice(0, 2)) renderer.event(event);
    await expect.poll(() => terminal.screen.join('\n')).toContain('Gateways: 0 of 1 host done');
    let during: readonly string[] = [];
    const ask = terminalAsk({
      ...defined({ hold: renderer.hold }),
      open: () => ({
        write: (text) => void write(text),
        read: (take) =>
          void setTimeout(() => {
            during = [...terminal.screen];
            take(Buffer.from('x\r'));
          }, 300),
        close: () => {},
      }),
    });
    renderer.event(events[2] ?? expect.fail());
    await ask(question);
    // The last event has come in the same tick as the question.
    expect(during.filter((line) => line !== '')).toEqual([
      'install on prod: 1 host',
      '== Gateways: gw-1',
      '[gw-1] warning: its clock is 42 s ahead',
      'password of ops: ',
    ]);
    await expect.poll(() => terminal.screen.join('\n')).toMatch(/password of ops: \n[\s\S]*Gateways: 0 of 1 host done/);
    for (const event of events.slice(3)) renderer.event(event);
    await renderer.close();
    expect(terminal.all.join('\n')).toContain('password of ops: ');
    expect(terminal.all.join('\n')).not.toContain('host done');
    expect(terminal.cursorHidden).toBe(false);
  });
});

test.each<[readonly string[], object, object]>([
  [[], {}, {}],
  [['ssh-secret'], { askPass: true }, { password: 'ssh-secret' }],
  [['root-secret'], { askBecomePass: true }, { becomePassword: 'root-secret' }],
  [['both', ''], { askPass: true, askBecomePass: true }, { password: 'both', becomePassword: 'both' }],
  [['one', 'two'], { askPass: true, askBecomePass: true }, { password: 'one', becomePassword: 'two' }],
])('answered with %j, %j returns %j', async (answers, flags, passwords) => {
  const given = await askedPasswords(flags, promptWith(...answers).ask);
  expect(Object.fromEntries(Object.entries(given).map(([name, secret]) => [name, secret?.reveal()]))).toEqual(
    passwords,
  );
});

test('a missing password is an error with a hint', async () => {
  await expect(askedPasswords({ askPass: true }, promptWith().ask)).rejects.toMatchObject({
    code: 'NO_TERMINAL',
    hint: expect.stringContaining('!env'),
  });
});
