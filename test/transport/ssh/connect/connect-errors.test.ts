import { expect, test } from 'vitest';
import type { ConnectStage } from '../../../../src/transport/ssh/connect/connect-errors.ts';
import { connectFault, connectTimedOut } from '../../../../src/transport/ssh/connect/connect-errors.ts';
import { plainTarget as target } from '../../../support/ssh/plain-target.ts';

const raised = (message: string, fields: Readonly<Record<string, unknown>> = {}): Error =>
  Object.assign(new Error(message), fields);
const socketError = (code: string): Error => raised(`connect ${code} 10.0.0.7:22`, { code, syscall: 'connect' });

interface Row {
  readonly error: unknown;
  readonly stage: ConnectStage;
  readonly early?: string;
  readonly code: string;
  readonly retryable: boolean;
}
const rows: readonly Row[] = [
  { error: socketError('ECONNREFUSED'), stage: 'reach', code: 'CONNECT_REFUSED', retryable: true },
  { error: socketError('EHOSTUNREACH'), stage: 'reach', code: 'CONNECT_UNREACHABLE', retryable: true },
  { error: socketError('ENETUNREACH'), stage: 'reach', code: 'CONNECT_UNREACHABLE', retryable: true },
  { error: socketError('EACCES'), stage: 'reach', code: 'CONNECT_UNREACHABLE', retryable: false },
  { error: socketError('EPERM'), stage: 'reach', code: 'CONNECT_UNREACHABLE', retryable: false },
  { error: socketError('EMFILE'), stage: 'reach', code: 'CONNECT_UNREACHABLE', retryable: true },
  { error: socketError('ENOTFOUND'), stage: 'reach', code: 'CONNECT_UNREACHABLE', retryable: false },
  { error: socketError('EAI_AGAIN'), stage: 'reach', code: 'CONNECT_UNREACHABLE', retryable: true },
  { error: socketError('ETIMEDOUT'), stage: 'reach', code: 'CONNECT_TIMED_OUT', retryable: true },
  { error: socketError('ECONNRESET'), stage: 'reach', code: 'CONNECT_THROTTLED', retryable: true },
  { error: socketError('ECONNRESET'), stage: 'banner', code: 'CONNECT_THROTTLED', retryable: true },
  {
    error: raised('Connection lost before handshake', { level: 'protocol' }),
    stage: 'banner',
    early: 'Exceeded MaxStartups\r\n',
    code: 'CONNECT_THROTTLED',
    retryable: true,
  },
  {
    error: raised('Connection lost before handshake', { level: 'protocol' }),
    stage: 'banner',
    early: 'HTTP/1.1 400 Bad Request\r\n',
    code: 'CONNECT_NOT_SSH',
    retryable: false,
  },
  // node-ssh uses this for any connection that closes: it does not mean a timeout.
  {
    error: raised('No response from server', { code: 'ETIMEDOUT' }),
    stage: 'banner',
    code: 'CONNECT_THROTTLED',
    retryable: true,
  },
  {
    error: raised('No response from server', { code: 'ETIMEDOUT' }),
    stage: 'login',
    code: 'CONNECT_DROPPED',
    retryable: true,
  },
  { error: raised('read ECONNRESET', { code: 'ECONNRESET' }), stage: 'keys', code: 'CONNECT_DROPPED', retryable: true },
  {
    error: raised('Handshake failed: no matching key exchange algorithm', { level: 'handshake' }),
    stage: 'keys',
    code: 'CONNECT_NO_COMMON_ALGORITHM',
    retryable: false,
  },
];

test.each(rows)('$error.message at $stage is $code', ({ error, stage, early = '', code, retryable }) => {
  const fault = connectFault(error, target, { stage, early });
  expect(fault).toMatchObject({ code, retryable, cause: error });
  expect(fault.message).toContain('10.0.0.7');
  expect(fault.hint).toBeTruthy();
});

test('where all addresses of a name fail, each has its reason', () => {
  const error = new AggregateError([socketError('EHOSTUNREACH'), socketError('ENETUNREACH')]);
  const fault = connectFault(Object.assign(error, { code: 'EHOSTUNREACH' }), target);
  expect(fault.message).toContain('connect EHOSTUNREACH 10.0.0.7:22; connect ENETUNREACH 10.0.0.7:22');
});

test.each<{ stage: ConnectStage; says: string }>([
  { stage: 'reach', says: 'was not reached' },
  { stage: 'banner', says: 'sent nothing' },
  { stage: 'keys', says: 'key exchange' },
  { stage: 'login', says: 'the login of ops' },
])('timeout at $stage', ({ stage, says }) => {
  expect(connectTimedOut(target, { stage, early: '' })).toMatchObject({
    code: 'CONNECT_TIMED_OUT',
    retryable: true,
    message: expect.stringContaining(says),
    hint: expect.any(String),
  });
});

test('a connection that is closed before the banner may be one too many, or have no server: both are reported', () => {
  const seen = { stage: 'banner', early: '' } as const;
  const { message, hint } = connectFault(socketError('ECONNRESET'), target, seen);
  expect(message).toMatch(/closed it before sshd sent its banner/);
  expect(hint).toMatch(/MaxStartups.*sshd has ended/);
  const busy = connectFault(socketError('ECONNRESET'), target, { ...seen, early: 'Exceeded MaxStartups\r\n' });
  expect(busy.hint).not.toMatch(/sshd has ended/);
});
