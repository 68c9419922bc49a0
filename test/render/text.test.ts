import { describe, expect, test } from 'vitest';
import { differenceText, shortValue, summary } from '../../src/render/lines/difference.ts';
import { nameList, noPaint, oneLine, paintFor } from '../../src/render/lines/paint.ts';
import { patchLines } from '../../src/render/lines/patch-lines.ts';
import { TextStream } from './text-stream.ts';

test('one line of a text, cut where it is too long', () => {
  expect([oneLine('  a\nb', 9), oneLine('abcdef', 6), oneLine('abcdefg', 6)]).toEqual(['a', 'abcdef', 'abcde…']);
});

test('many names are cut short', () => {
  expect([nameList(['a', 'b'], 2), nameList(['a', 'b', 'c', 'd'], 2)]).toEqual(['a, b', 'a, b and 2 more']);
});

test('a stream that is no terminal gets no colors', () => {
  const { FORCE_COLOR: forced } = process.env;
  delete process.env.FORCE_COLOR;
  expect(paintFor(new TextStream())('red', 'x')).toBe('x');
  if (forced !== undefined) process.env.FORCE_COLOR = forced;
});

test('each loss of a container is a line of its own', () => {
  expect(differenceText({ path: 'extras.-v /srv/a.b:/c', before: 'set', after: undefined })).toBe(
    'removed: -v /srv/a.b:/c',
  );
});

describe('differences in a line', () => {
  const digest = 'a'.repeat(64);
  const other = 'b'.repeat(64);

  test.each([
    [[], ''],
    [[{ path: 'mode', before: '0644', after: '0640' }], ' (mode 0644 → 0640)'],
    [
      [
        { path: 'digest', before: 'a', after: 'b' },
        { path: 'owner', before: 0, after: 636 },
      ],
      ' (content, owner 0 → 636)',
    ],
    [[{ path: 'mode', before: undefined, after: '0640' }], ''],
    [[{ path: 'archive', before: 'v1', after: 'v2' }], ' (new archive)'],
    [
      [
        { path: 'env.TZ', before: 'UTC', after: undefined },
        { path: 'env.LANG', before: 'C', after: 'de' },
      ],
      ' (2 variables changed)',
    ],
    [
      [
        { path: 'image', before: digest, after: other },
        { path: 'ref', before: 'registry:5000/api7/gw:1', after: 'registry:5000/api7/gw:2' },
      ],
      ' (image 1 → 2)',
    ],
    [
      [
        { path: 'image', before: digest, after: other },
        { path: 'ref', before: 'api7/gw:1', after: 'mine/gw:1' },
      ],
      ' (image api7/gw:1 → mine/gw:1)',
    ],
    [[{ path: 'image', before: digest, after: other }], ' (new image)'],
    [
      [
        { path: 'ports.9443/tcp', before: undefined, after: ['0.0.0.0:9443'] },
        { path: 'ports.53/udp', before: ['0.0.0.0:53'], after: undefined },
      ],
      ' (port 9443 added, port 53/udp removed)',
    ],
    [
      [
        { path: 'mounts./a/b.yaml', before: undefined, after: { source: '/b' } },
        { path: 'mounts./a/c.yaml', before: { source: '/c' }, after: undefined },
        { path: 'mounts./a/d.yaml.source', before: '/d', after: '/e' },
      ],
      ' (1 file mounted, 1 file no longer mounted, 1 mount changed)',
    ],
    [
      [
        { path: 'mounted./conf/config.yaml', before: digest, after: other },
        { path: 'restartOn.file:/opt/api7/config.yaml', before: digest, after: other },
        { path: 'spec', before: digest, after: other },
      ],
      ' (config.yaml changed)',
    ],
    [
      [
        { path: 'extras.-v /srv/a.b:/c', before: 'set', after: undefined },
        { path: 'extras.--memory 2147483648', before: 'set', after: undefined },
        { path: 'spec', before: null, after: digest },
      ],
      ' (removed: -v /srv/a.b:/c, --memory 2147483648)',
    ],
    [
      [
        { path: 'mounted./conf/config.yaml', before: digest, after: other },
        { path: 'restartOn.file:/opt/api7/config.yaml', before: undefined, after: other },
        { path: 'name', before: 'eager_tesla', after: 'api7-gateway' },
        { path: 'phase', before: 'found', after: 'started' },
        { path: 'restart', before: 'no', after: 'unless-stopped' },
      ],
      ' (takes over from eager_tesla, restart no → unless-stopped)',
    ],
    [[{ path: 'phase', before: 'renamed', after: 'started' }], ' (takes over, from the phase renamed on)'],
    [
      [
        { path: 'kept.api7-gateway.adopted-20261129-101530-0a1b2c', before: 'kept', after: undefined },
        { path: 'kept.record', before: 'kept', after: undefined },
      ],
      ' (removed: api7-gateway.adopted-20261129-101530-0a1b2c, record)',
    ],
    [[{ path: 'list', before: [1], after: [2] }], ' (list changed)'],
    [
      [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ path: `f${n}`, before: n, after: 0 })),
      ' (f1 1 → 0, f2 2 → 0, f3 3 → 0, f4 4 → 0, f5 5 → 0, f6 6 → 0, 2 more)',
    ],
  ])('%j', (differences, text) => {
    expect(summary(differences)).toBe(text);
  });

  test.each([
    ['', '""'],
    [null, 'none'],
    [undefined, 'none'],
    [['a', { b: 1 }], 'a, b 1'],
    [`sha256:${'0123456789abcdef'.repeat(4)}`, '01234567…'],
    ['x'.repeat(50), `${'x'.repeat(39)}…`],
    ['two\nlines', 'two'],
  ])('the value %j is %s', (value, text) => {
    expect(shortValue(value)).toBe(text);
  });
});

describe('a unified difference', () => {
  test('hunks with three lines around them', () => {
    const before = Array.from({ length: 20 }, (_, n) => `line ${n}\n`).join('');
    expect(patchLines({ before, after: before.replace('line 10\n', 'LINE\n') }, noPaint)).toEqual([
      '@@ -8,7 +8,7 @@',
      ' line 7',
      ' line 8',
      ' line 9',
      '-line 10',
      '+LINE',
      ' line 11',
      ' line 12',
      ' line 13',
    ]);
  });

  test('a missing last line end is marked', () => {
    expect(patchLines({ before: 'a', after: 'a\n' }, noPaint)).toContain('\\ No newline at end of file');
  });

  test('the same text is no difference', () => {
    expect(patchLines({ before: 'a\n', after: 'a\n' }, noPaint)).toEqual([]);
  });

  test('a long one is cut, with the number of missing lines', () => {
    const lines = patchLines({ before: '', after: 'x\n'.repeat(1000) }, noPaint);
    expect([lines.length, lines.at(-1)]).toEqual([401, '… 601 more lines']);
  });
});
