import { describe, expect, test } from 'vitest';
import { firstReply } from '../../src/docker/http-reply.ts';

const SIZED = 'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{"a"';
const CHUNKED =
  'HTTP/1.1 200 OK\r\nApi-Version: 1.47\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"b\r\n0a;x=y\r\n":"\r\n\r\n\r\n"\r\n1\r\n}\r\n0\r\n\r\n';
const TRAILED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n';
const EMPTY = 'HTTP/1.0 500 \r\ncontent-length: 0\r\n\r\n';

const read = (bytes: Buffer) => {
  const found = firstReply(bytes);
  return found && { status: found.reply.status, body: found.reply.body.toString(), rest: found.rest.toString() };
};

test('replies one behind the other are cut where each says that it ends', () => {
  const bodies: (readonly [number, string])[] = [];
  let rest = [SIZED, CHUNKED, TRAILED, EMPTY].join('');
  for (let found = read(Buffer.from(rest)); found !== undefined; found = read(Buffer.from(rest))) {
    bodies.push([found.status, found.body]);
    rest = found.rest;
  }
  expect(bodies).toEqual([
    [404, '{"a"'],
    [200, '{"b":"\r\n\r\n\r\n"}'],
    [200, 'c'],
    [500, ''],
  ]);
  expect(rest).toBe('');
});

test.each([SIZED, CHUNKED, TRAILED, EMPTY])('nothing is taken for a reply before it is there whole: %j', (text) => {
  const bytes = Buffer.from(text);
  for (let length = 0; length < bytes.length; length++) expect(firstReply(bytes.subarray(0, length))).toBeUndefined();
  expect(read(bytes)?.rest).toBe('');
});

test('headers are found whatever their case', () => {
  expect(firstReply(Buffer.from(CHUNKED))?.reply.headers.get('api-version')).toBe('1.47');
});

describe('what cannot be read is an error, and no silence', () => {
  test.each([
    'SSH-2.0-x\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ])('%j', (text) => expect(() => firstReply(Buffer.from(text))).toThrow());
});
