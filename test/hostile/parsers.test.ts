import { describe, expect, test } from 'vitest';
import { engineError } from '../../src/docker/engine-error.ts';
import { parseJson } from '../../src/docker/unreadable-reply.ts';
import { mayStick, parseHaproxyConfig } from '../../src/lb/haproxy/config.ts';
import { count, parseEpoch, parseStat, parseTables } from '../../src/lb/haproxy/stat.ts';
import { parseServersState } from '../../src/lb/haproxy/state.ts';
import { serversIn, withDown } from '../../src/lb/nginx/servers.ts';
import { statLine } from '../../src/transport/read/read-requests.ts';
import { cpuMs } from '../support/base/cpu-ms.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A text of about so many bytes, of lines or words that differ by their number. */
const many = (bytes: number, part: (i: number) => string): string => {
  const parts: string[] = [];
  for (let i = 0, length = 0; length < bytes; i++) length += parts[parts.push(part(i)) - 1]?.length ?? 0;
  return parts.join('');
};
const attempt = (work: () => unknown): void => {
  try {
    work();
  } catch {
    // Refusing it is as good as reading it.
  }
};

/** Most take minutes, or gigabytes, in a parser that is not linear. */
const rows: readonly (readonly [what: string, text: string, read: (text: string) => unknown])[] = [
  [
    'haproxy.cfg: defaults that start one from the other',
    many(4 * MIB, (i) => `defaults d${i + 1} from d${i}\n retries 3\n option persist\n`),
    (text) => parseHaproxyConfig(`${text}backend b\n server a 10.0.0.1:80\n`),
  ],
  ['haproxy.cfg: quotes that do not end', '"\\\'"'.repeat(MIB), parseHaproxyConfig],
  ['haproxy.cfg: words without end', 'server '.repeat(MIB / 2), parseHaproxyConfig],
  ['HAProxy: names of tables that do not end', many(8 * MIB, () => '# table: a\n'), parseTables],
  ['HAProxy: a header of many columns', `# be_id ${'x '.repeat(32 * KIB)}\n${'1\n'.repeat(99_000)}`, parseServersState],
  ['HAProxy: statistics of nothing but quotes', `# pxname,svname,\n${'"",""'.repeat(MIB)}`, parseStat],
  ['HAProxy: information of nothing but digits', `Pid: ${'1'.repeat(4 * MIB)}x\n`, parseEpoch],
  ['nginx: blanks before a word', `server a:1${' '.repeat(MIB)}x down;`, (text) => withDown(text, changes(text))],
  [
    'nginx: the same word many times',
    `server a:1 ${'down '.repeat(200_000)};`,
    (text) => withDown(text, changes(text)),
  ],
  ['Docker: an error that mentions many ports', 'bind:1'.repeat(MIB), engineErrorOf],
  ['Docker: an error that mentions many ports in use', `${'bind:1'.repeat(700)}already in use`, engineErrorOf],
  ['stat: colons without end', ':'.repeat(16 * MIB), statLine],
];

function changes(text: string): Parameters<typeof withDown>[1] {
  return serversIn(text).map((server) => ({ server, down: false }));
}

function engineErrorOf(message: string): unknown {
  return engineError({ doing: 'start container web', status: 500, message: message.slice(0, 4000) });
}

describe('input from a host takes time in proportion to its length', () => {
  test.each(rows)('%s', (_what, text, read) => {
    expect(cpuMs(() => attempt(() => read(text)))).toBeLessThan(4000);
  });
});

test('defaults that start one from the other keep no copies of their lines', () => {
  const text = many(505 * KIB, (i) => `defaults d${i + 1} from d${i}\n option persist\n`);
  const before = process.memoryUsage().heapUsed;
  const config = parseHaproxyConfig(`${text}backend b\n server a 10.0.0.1:80\n`);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * MIB);
  const section = config.backends.get('b');
  expect(section && mayStick(section)).toBe(true);
});

test('JSON of more values than any reply has is refused before it is parsed', () => {
  const bytes = Buffer.from(`[${'{},'.repeat(5 * MIB)}{}]`);
  expect(() => parseJson(bytes)).toThrow('more than 500000 values');
  expect(parseJson(Buffer.from('[{"a":[1,2]}]'))).toEqual([{ a: [1, 2] }]);
});

test('more stick tables than the limit for HAProxy are refused', () => {
  expect(() => parseTables('# table: a, type: ip\n'.repeat(1001))).toThrow('at most 1000 stick tables');
  expect(parseTables('# table: a, type: ip\n# table: b, type: ip\n')).toEqual(['a', 'b']);
});

test('a cell of the statistics is found where a name is in quotes', () => {
  const stats = parseStat('# pxname,svname,scur,status,\nb,"a ""1"",x",3,UP,\nb,c,4,UP,\n');
  expect(count(stats.get('b/a "1",x'), 'scur')).toBe(3);
  expect(count(stats.get('b/c'), 'scur')).toBe(4);
});
