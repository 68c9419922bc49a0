import { styleText } from 'node:util';
import { expect, test } from 'vitest';
import { fitted, fittedLines } from '../../../src/render/lines/fitted.ts';

const NOT_READY = 'GET http://127.0.0.1:7085/status on gw-2 got no response for 2m';

test.each([
  ['a line that fits', 'FAILED: gw-1: no disk', 'FAILED: gw-1: no disk'],
  [
    'below the text after the host',
    '[gw-3] warning: its clock is 42 s ahead of the controller',
    `[gw-3] warning: its clock is 42 s ahead
       of the controller`,
  ],
  [
    'below the label',
    `  cause:  ${NOT_READY}`,
    `  cause:  GET
          http://127.0.0.1:7085/status
          on gw-2 got no response for 2m`,
  ],
  [
    'below the last column that leaves enough room',
    '  gw-2  FAILED  drained  no response within 2m',
    `  gw-2  FAILED  drained  no response
                         within 2m`,
  ],
  [
    'below its margin',
    'FAILED: gw-2 is not ready; 1 host changed, 1 not started',
    `FAILED: gw-2 is not ready; 1 host
  changed, 1 not started`,
  ],
  [
    'a command stays whole, for copying',
    'To resume, fix gw-2, then: api7-orch run install -i prod.yaml --limit gw-1,gw-2',
    `To resume, fix gw-2, then:
  api7-orch run install -i prod.yaml --limit gw-1,gw-2`,
  ],
  [
    'the words after a command do not belong to it',
    'hint: run api7-orch lb restore gw-2 -i prod.yaml; the lease has the settings of before',
    `hint: run
  api7-orch lb restore gw-2 -i prod.yaml;
  the lease has the settings of before`,
  ],
  [
    'prose about api7-orch is no command',
    'note: api7-orch did not create its container on this host',
    `note: api7-orch did not create its
  container on this host`,
  ],
  [
    'a command after a padded label',
    'To restore gw-2 as it is:  api7-orch lb restore gw-2 -i prod.yaml',
    `To restore gw-2 as it is:
  api7-orch lb restore gw-2 -i prod.yaml`,
  ],
  [
    'a line of a log',
    '    | nginx: [emerg] unknown directive "worker_proceses"',
    `    | nginx: [emerg] unknown directive
        "worker_proceses"`,
  ],
  ['output of exec stays as it is', `gw-1 | ${'word '.repeat(12)}`, `gw-1 | ${'word '.repeat(12)}`],
  ['lines of a diff too', `    +  key:   ${'word '.repeat(12)}`, `    +  key:   ${'word '.repeat(12)}`],
])('%s', (_, line, rows) => {
  expect(fitted(line, 40)).toBe(rows);
});

test('colors take no room, and continue in the next row', () => {
  const host = styleText('bold', '[gw-3]', { validateStream: false });
  const word = styleText('yellow', 'warning', { validateStream: false });
  expect(fitted(`${host} ${word}: its clock is ahead`, 30)).toBe(`${host} ${word}: its clock is\n       ahead`);
});

test('each line of a text is broken by itself', () => {
  expect(fittedLines('one two\nthree four', 8)).toBe('one two\nthree\n  four');
});

test('a word that is longer than the screen is in a row of its own', () => {
  expect(fitted(`see ${'x'.repeat(50)} there`, 20)).toBe(`see\n  ${'x'.repeat(50)}\n  there`);
});

test('takes linear time', () => {
  const begun = performance.now();
  for (const text of ['x'.repeat(200_000), 'api7-orch run '.repeat(20_000), '  a'.repeat(60_000), ': '.repeat(100_000)])
    fitted(text, 80);
  expect(performance.now() - begun).toBeLessThan(10_000);
});
