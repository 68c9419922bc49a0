import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { NumberedEvent } from '../../src/core/event/event.ts';
import { journalDirectory, openJournal } from '../../src/journal/journal.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const directory = temporaryDirectory('journal');

const warning = (seq: number): NumberedEvent => ({ type: 'warning', message: 'x', seq, time: '2026-01-01T00:00:00Z' });

test('records one event a line, for its owner only', () => {
  const faults: string[] = [];
  const runs = join(directory, 'state/runs');
  const file = ((): string => {
    using journal = openJournal(runs, { title: 'rolling restart', onFault: (text) => faults.push(text) });
    journal.event(warning(1));
    journal.event(warning(2));
    return journal.file;
  })();
  expect(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([warning(1), warning(2)]);
  expect([statSync(file).mode & 0o777, statSync(runs).mode & 0o777]).toEqual([0o600, 0o700]);
  expect(file).toMatch(/\d{8}T\d{6}Z-rolling_restart-\d+\.ndjson$/);
  expect(faults).toEqual([]);
});

test('an unwritable journal is reported once, and never ends the run', () => {
  const faults: string[] = [];
  writeFileSync(join(directory, 'a-file'), '');
  using journal = openJournal(join(directory, 'a-file/runs'), {
    title: 'install',
    onFault: (text) => faults.push(text),
  });
  journal.event(warning(1));
  journal.event(warning(2));
  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain('not recorded');
});

test("is in the system's directory for state", () => {
  expect(journalDirectory({ XDG_STATE_HOME: '/var/state' })).toBe('/var/state/api7-orch/runs');
});
