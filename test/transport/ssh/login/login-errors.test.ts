import { expect, test } from 'vitest';
import { type LoginCourse, loginRefused } from '../../../../src/transport/ssh/login/login-errors.ts';
import { plainTarget as target } from '../../../support/ssh/plain-target.ts';

const METHODS = ['publickey', 'password', 'keyboard-interactive', 'gssapi-with-mic', 'hostbased'];
const someOf = <T>([first, ...rest]: readonly T[]): readonly (readonly T[])[] =>
  first === undefined ? [[]] : someOf(rest).flatMap((some) => [some, [first, ...some]]);

test('a failed login of any kind has a hint, and each remaining method is named', () => {
  const courses = [undefined, ...someOf(METHODS)].flatMap((left) =>
    [false, true].flatMap((passwordGiven) =>
      [false, passwordGiven].flatMap((passwordRefused) =>
        [undefined, 'Verification code:'].map(
          (unanswered): LoginCourse => ({
            ...{ left, passwordGiven, passwordRefused, unanswered },
            ...{ accepted: [], refused: passwordRefused ? ['the password'] : [], unused: [], notes: [] },
          }),
        ),
      ),
    ),
  );
  for (const course of courses) {
    const { hint, message } = loginRefused(new Error('refused'), target, course);
    expect([course, hint]).toEqual([course, expect.stringMatching(/\w/)]);
    for (const method of course.left ?? []) expect(message).toContain(method);
    if (course.passwordGiven) expect(hint).not.toContain('--ask-pass');
  }
});
