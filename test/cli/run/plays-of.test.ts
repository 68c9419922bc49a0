import { expect, test } from 'vitest';
import { z } from 'zod';
import { playsOf } from '../../../src/cli/run/plays-of.ts';
import { forgetSecrets, Secret } from '../../../src/core/base/secret.ts';
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

test('the command for resuming has the values that the run determined at its start', () => {
  const ready = playsOf(playbook, inventory, { batch: '2' });
  const begun = `start-${calls - 1}`;
  expect(ready.goOn(['run', 'restart', '-i', 'my prod.yaml', '-e', 'batch=2'])).toBe(
    `api7-orch run restart -i 'my prod.yaml' -e batch=2 -e since=${begun}`,
  );
});

test('it repeats only values of the playbook itself', () => {
  const ready = playsOf(playbook, inventory, { since: 'x', db_password: 'secret' });
  expect(ready.goOn(['run', 'restart', '-e', 'since=x', '-e', 'db_password=secret', '-e', '{"token":"t"}'])).toBe(
    "api7-orch run restart -e since=x -e 'db_password=…' -e '…'",
  );
  expect(ready.goOn(['run', 'restart', '--extra-vars=db_password=secret', '-edb_password=secret', '-esince=x'])).toBe(
    "api7-orch run restart '--extra-vars=db_password=…' '-edb_password=…' -esince=x",
  );
});

test('a mistyped variable of a playbook that has no others is refused, with the intended one', () => {
  const strict = { ...playbook, vars: z.strictObject({ batch: z.string().optional() }) as never };
  expect(() => playsOf(strict, inventory, { bacth: '2' })).toThrow(
    'playbook "restart": it has no variable "bacth"; did you mean "batch"?',
  );
});

test('invalid variables are refused', () => {
  expect(() => playsOf(playbook, inventory, { since: 3 })).toThrow(/playbook "restart": since/);
});

test('the record of a run has the variables of the playbook, defaults of this run included, and of others the names only', () => {
  const ready = playsOf(playbook, inventory, { batch: '2', db_password: 'secret' });
  const since = `start-${calls - 1}`;
  expect(ready.recorded).toEqual({ vars: { batch: '2', since }, withheld: ['db_password'] });
});

test('a variable of the playbook that is a secret, may be one, or is no plain value is not recorded', () => {
  forgetSecrets();
  Secret.of('hunter2hunter2');
  const own = {
    ...playbook,
    vars: z.object({
      admin_key: z.string(),
      url: z.string(),
      map: z.record(z.string(), z.string()),
      to: z.string(),
    }) as never,
  };
  const given = { admin_key: 'a', url: 'x?p=hunter2hunter2', map: { a: 'b' }, to: '3.10.5' };
  expect(playsOf(own, inventory, given).recorded).toEqual({
    vars: { to: '3.10.5' },
    withheld: ['admin_key', 'url', 'map'],
  });
  forgetSecrets();
});
