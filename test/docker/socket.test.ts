import { Duplex, PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { dockerOver } from '../../src/docker/client.ts';
import { DialledSocket } from '../../src/docker/socket.ts';
import { scriptedEngine } from './scripted-engine.ts';

/** A stream without a socket's methods, like an SSH channel or the two pipes of a child process. */
function pair(): readonly [near: Duplex, far: { readonly toNear: PassThrough; readonly fromNear: PassThrough }] {
  const toNear = new PassThrough();
  const fromNear = new PassThrough();
  const near = new Duplex({
    read: () => toNear.resume(),
    write: (chunk, encoding, done) => fromNear.write(chunk, encoding, done),
    final: (done) => fromNear.end(done),
  });
  toNear.on('data', (chunk) => near.push(chunk) || toNear.pause()).on('end', () => near.push(null));
  return [near, { toNear, fromNear }];
}

test('requests travel over a stream that is no socket', async () => {
  await using engine = await scriptedEngine(() => ({ body: [] }));
  const docker = dockerOver(async () => {
    const [near, { toNear, fromNear }] = pair();
    const socket = await engine.dial();
    fromNear.pipe(socket).pipe(toNear);
    return near;
  });
  expect(await docker.containers()).toEqual([]);
  expect(await Promise.all([docker.containers(), docker.logs('web', 1)])).toEqual([[], '[]\r\n']);
  expect(engine.dials).toBe(2);
  docker.close();
});

test('it ends at once, with the reason, when the stream below it does', async () => {
  const [near] = pair();
  const socket = new DialledSocket(near);
  const lost = new OrchError('CONNECTION_LOST', 'gw-1 is gone');
  const error = new Promise((resolve) => socket.once('error', resolve));
  near.destroy(lost);
  expect(await error).toBe(lost);
  expect(socket.destroyed).toBe(true);
});

test('and the other way round', async () => {
  const [near] = pair();
  const socket = new DialledSocket(near);
  near.on('error', () => {});
  socket.destroy();
  await new Promise((resolve) => near.once('close', resolve));
  expect(near.destroyed).toBe(true);
});

test('data before an orderly end is read to its end, at any speed', async () => {
  const sent = Buffer.alloc(1 << 20, 'x');
  const below = new Duplex({
    read() {
      this.push(sent);
      this.push(null);
    },
    write: (_chunk, _encoding, done) => done(),
  });
  const socket = new DialledSocket(below);
  below.once('end', () => below.destroy());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await buffer(socket)).length).toBe(sent.length);
});

test('idle sockets are released for other uses, and only those', async () => {
  await using engine = await scriptedEngine(() => ({ body: [] }));
  const held: (() => boolean)[] = [];
  const docker = dockerOver(async (release = () => false) => {
    held.push(release);
    return await engine.dial();
  });
  const ask = () => Promise.all([docker.containers(), docker.logs('web', 1)]);
  const first = ask();
  expect(held.map((release) => release())).toEqual([false]);
  await first;
  expect(held.map((release) => release())).toEqual([true, true]);
  expect(await ask()).toEqual([[], '[]\r\n']);
  expect(engine.dials).toBe(4);
  // The released ones take nothing any more.
  expect(held.map((release) => release())).toEqual([true, true, true, true]);
  docker.close();
});

test('a stream that failed while it was handed over fails its request with the reason', async () => {
  await using engine = await scriptedEngine(() => ({ body: [] }));
  const refused = new OrchError('DOCKER_DENIED', 'the login user may not');
  const docker = dockerOver(async () => (engine.dials === 1 ? await engine.dial() : pair()[0].destroy(refused)));
  await expect(docker.containers()).rejects.toMatchObject({ code: 'DOCKER_DENIED' });
  engine.dials = 1;
  await docker.containers();
  await expect(docker.logs('web', 1)).rejects.toMatchObject({ code: 'DOCKER_DENIED' });
  docker.close();
});
