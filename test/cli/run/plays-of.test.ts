import { expect, test } from 'vitest';
import { z } from 'zod';
import { playsOf } from '../../../src/cli/run/plays-of.ts';
import type { Playbook } from '../../../src/core/play/playbook.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';

let calls = 0;
const playbook: Playbook<never, Inventory> = {
  name: 'restart',
  description: '',
  vars: z.object({ batch: z.string().optional(), since: z.string().default(() => `start-${calls++}`) }) as never,
  *plays() {},
};
const inventory = {} as Inventory;

test('the command that goes on says what was found out when the run began', () => {
  const ready = playsOf(playbook, inventory, { batch: '2' });
  const begun = `start-${calls - 1}`;
  expect(ready.goOn(['run', 'restart', '-i', 'my prod.yaml', '-e', 'batch=2'])).toBe(
    `api7-orch run restart -i 'my prod.yaml' -e batch=2 -e since=${begun}`,
  );
});

test('it repeats no value that is not the playbook’s own', () => {
  const ready = playsOf(playbook, inventory, { since: 'x', db_password: 'secret' });
  expect(ready.goOn(['run', 'restart', '-e', 'since=x', '-e', 'db_password=secret', '-e', '{"token":"t"}'])).toBe(
    "api7-orch run restart -e since=x -e 'db_password=…' -e '…'",
  );
});

test('a mistyped variable of a playbook that has no others is refused, with the one that was meant', () => {
  const strict = { ...playbook, vars: z.strictObject({ batch: z.string().optional() }) as never };
  expect(() => playsOf(strict, inventory, { bacth: '2' })).toThrow(
    'playbook "restart": it has no variable "bacth"; did you mean "batch"?',
  );
});

test('variables that do not fit are refused', () => {
  expect(() => playsOf(playbook, inventory, { since: 3 })).toThrow(/playbook "restart": since/);
});
