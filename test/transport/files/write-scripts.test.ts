import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  directoryScript,
  modeScript,
  printable,
  putScript,
  saidNow,
} from '../../../src/transport/files/write-scripts.ts';
import { HOST_FUNCTIONS } from '../../../src/transport/shell/host-functions.ts';
import { BY_STDIN, CORRUPT, LED_ASTRAY } from '../../../src/transport/shell/write-functions.ts';
import { SHELLS } from '../../support/base/shells.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

const { uid, gid } = userInfo();
const owned = { mode: '0640', owner: uid, group: gid };
const directory = temporaryDirectory('put');
const path = join(directory, 'file');

describe.each(SHELLS)('%s', (_name, [program, ...words]) => {
  const put = (script: string, input: Uint8Array = new Uint8Array()) =>
    spawnSync(program, [...words, '-c', `${HOST_FUNCTIONS}\n${script}`], { input });

  test('prints any text that it may print', () => {
    const characters = fc.constantFrom(...'ab %\\\'"$`!#-\t\n');
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 300 }), (text) => {
        expect(put(putScript(path, { size: text.length, text }, owned)).status).toBe(0);
        expect(readFileSync(path, 'utf8')).toBe(text);
      }),
      { numRuns: 15 },
    );
  });

  test('without a printf of its own it changes nothing and requests the content by stdin', () => {
    writeFileSync(path, 'before');
    const without = `command() { return 127; }\n${putScript(path, { size: 5, text: 'after' }, owned)}`;
    expect(put(without).status).toBe(BY_STDIN);
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(put(putScript(path, { size: 5 }, owned), Buffer.from('after')).status).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('after');
  });

  test.each(['', 'to', 'too long'])('input of another size is refused: %j', (input) => {
    writeFileSync(path, 'before');
    expect(put(putScript(path, { size: 5 }, owned), Buffer.from(input)).status).toBe(CORRUPT);
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(existsSync(join(directory, '.file.api7-orch-new'))).toBe(false);
  });

  test('a new file has the requested owner and mode', () => {
    expect(put(putScript(path, { size: 1, text: 'x' }, { ...owned, ours: true })).status).toBe(0);
    const found = lstatSync(path);
    expect([found.uid, found.gid, found.mode & 0o7777]).toEqual([uid, gid, 0o640]);
  });

  test('a name with a backslash is kept', () => {
    const stat = `stat() { printf '%s\\n' '1/81a0:7:8:CORP\\carl:CORP\\nina'; }\n`;
    const { stderr } = put(`${stat}${putScript(path, { size: 1, text: 'x' }, owned)}`);
    expect(saidNow(stderr.toString())).toBe('1/81a0:7:8:CORP\\carl:CORP\\nina');
  });

  test.each([
    ['0770', 0o700],
    ['0755', 0o755],
  ])('a directory of %s whose owner cannot be set is open to no other user', (mode, left) => {
    const made = join(directory, `made-${mode}`);
    expect(put(directoryScript(made, { mode, owner: 'nosuch', group: 'nosuch' })).status).not.toBe(0);
    expect(lstatSync(made).mode & 0o7777).toBe(left);
    rmSync(made, { recursive: true });
    const { status, stderr } = put(directoryScript(made, { ...owned, mode }));
    expect({ status, mode: (lstatSync(made).mode & 0o7777).toString(8) }).toEqual({ status: 0, mode: mode.slice(1) });
    expect(saidNow(stderr.toString())).toContain(`:${uid}:${gid}:`);
    rmSync(made, { recursive: true });
  });

  test('a directory passes on no unwanted set-group-ID bit, and loses one that it has', () => {
    const parent = join(directory, 'shared');
    const made = join(parent, 'made');
    mkdirSync(parent);
    chmodSync(parent, 0o2775);
    const mode = (): string => (lstatSync(made).mode & 0o7777).toString(8);
    for (const ours of [true, false]) {
      expect(put(directoryScript(made, { ...owned, mode: '0750', ours })).status).toBe(0);
      expect(mode()).toBe('750');
      rmSync(made, { recursive: true });
    }
    expect(put(directoryScript(made, { ...owned, mode: '2750' })).status).toBe(0);
    expect(mode()).toBe('2750');
    expect(put(modeScript(made, { ...owned, mode: '0750' })).status).toBe(0);
    expect(mode()).toBe('750');
    rmSync(parent, { recursive: true });
  });

  describe.runIf(uid === 0)('run by root, in a directory of another user', () => {
    const NOBODY = 65_534;
    const shared = join(directory, 'shared');
    const secret = join(directory, 'secret');
    const given = { mode: '0777', owner: NOBODY, group: NOBODY };
    const modeOf = (at: string): string => `${lstatSync(at).uid} ${(lstatSync(at).mode & 0o7777).toString(8)}`;
    const scene = (): void => {
      for (const one of [shared, secret]) {
        mkdirSync(one);
        chmodSync(one, 0o700);
      }
      mkdirSync(join(secret, 'inner'), { mode: 0o700 });
      chownSync(shared, NOBODY, NOBODY);
    };
    const link = (target: string, at: string, owner: number): void => {
      symlinkSync(target, at);
      lchownSync(at, owner, owner);
    };
    afterEach(() => {
      rmSync(shared, { recursive: true });
      rmSync(secret, { recursive: true });
    });

    test.each([
      ['directory', directoryScript],
      ['mode', modeScript],
    ])('a link in place of it, or on the way to it, is not followed: %s', (_, script) => {
      scene();
      link(secret, join(shared, 'a'), NOBODY);
      for (const at of [join(shared, 'a'), join(shared, 'a/inner')]) {
        const { status, stderr } = put(script(at, given));
        expect(status).toBe(LED_ASTRAY);
        expect(stderr.toString()).toContain(`${join(shared, 'a')}: is a link`);
      }
      expect([secret, join(secret, 'inner')].map(modeOf)).toEqual(['0 700', '0 700']);
    });

    test("a link of root's own on the path is followed", () => {
      scene();
      link(secret, join(shared, 'a'), 0);
      expect(put(directoryScript(join(shared, 'a/inner'), given)).status).toBe(0);
      expect(modeOf(join(secret, 'inner'))).toBe(`${NOBODY} 777`);
    });

    test('a file that replaces a new one before it has its owner does not get that owner', () => {
      scene();
      const target = join(secret, 'inner');
      const at = join(shared, 'file');
      // In the moment before the owner is set.
      const swap = `chown() { rm -f "$t"; ln -s ${target} "$t"; command chown "$@"; }\n`;
      put(`${swap}${putScript(at, { size: 1, text: 'x' }, given)}`);
      expect(modeOf(target)).toBe('0 700');
    });
  });

  test.each(['0600', '0644', '0400', '0755', '4711', '0666'])('it reports the state of the file: %s', (mode) => {
    const { status, stderr } = put(putScript(path, { size: 1, text: 'x' }, { ...owned, mode }));
    const { mode: found } = lstatSync(path);
    expect({ status, mode: (found & 0o7777).toString(8).padStart(4, '0') }).toEqual({ status: 0, mode });
    expect(saidNow(stderr.toString())).toMatch(`1/${found.toString(16)}:${uid}:${gid}:`);
  });
});

// Its group is still that of the writer, or of the directory.
test.each([
  ['0600', '177'],
  ['0640', '177'],
  ['0660', '177'],
  ['0604', '177'],
  ['0644', '133'],
  ['0666', '111'],
  ['0754', '033'],
  ['4755', '022'],
])(
  'a file that is to be %s is created without rights that its first group or others may not have in the end',
  (mode, mask) => {
    expect(putScript('/a', { size: 0, text: '' }, { ...owned, mode })).toContain(`umask ${mask}\n`);
  },
);

test("a file of the user's own group is created with its final mode where its directory passes on no other", () => {
  const { mode, ...who } = { ...owned, mode: '0640', ours: true };
  const script = putScript('/etc/app/a', { size: 0, text: '' }, { mode, ...who });
  expect(script).toContain('umask 177\n[ ! -G "$d" ] || umask 137\n');
});

test.each(['0o644', 'u=rw', '', '64'])('a mode that is no octal number is refused: %j', (mode) => {
  expect(() => putScript('/a', { size: 0 }, { ...owned, mode })).toThrow(/is not a mode/);
});

test.each([
  ['plain text', Buffer.from('a: 1\n'), true],
  ['nothing', Buffer.from(''), true],
  ['a NUL', Buffer.from('a\0'), false],
  ['a carriage return', Buffer.from('a\r\n'), false],
  ['more than ASCII', Buffer.from('é'), false],
  ['32 KiB', Buffer.alloc(32_768, 'x'), true],
  ['more', Buffer.alloc(32_769, 'x'), false],
])('possible output of a shell: %s', (_what, bytes, may) => {
  expect(printable(bytes)).toBe(may ? bytes.toString() : undefined);
});
