import { expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import { type Ask, askNothing, askOnce } from '../../../src/transport/ssh/ask.ts';

test('an earlier answer is used again without a terminal, and nothing else', async () => {
  const asked: string[] = [];
  const ask: Ask = async ({ what }) => {
    asked.push(what);
    return Secret.of(`the ${what}`);
  };
  const question = (what: string) => ({ kind: 'password', what, echo: false }) as const;
  await askOnce(ask, question('password of ops'));
  const silent = askNothing(ask);
  expect((await askOnce(silent, question('password of ops')))?.reveal()).toBe('the password of ops');
  expect(await askOnce(silent, question('password of root'))).toBeUndefined();
  expect(asked).toEqual(['password of ops']);
  // A missing terminal is no answer for later.
  expect((await askOnce(ask, question('password of root')))?.reveal()).toBe('the password of root');
});
