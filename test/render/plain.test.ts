import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { plainRenderer } from '../../src/render/plain.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import { TextStream } from './text-stream.ts';

/** What both streams got, in order, each line marked with its stream. */
async function log({ events, diff = false, verbose = false }: Scenario): Promise<string> {
  let text = '';
  const mark = (name: string) => (chunk: string) => {
    if (chunk !== '') text += chunk.replace(/\n$/, '').replace(/^/gm, `${name}| `).replace(/ +$/gm, '').concat('\n');
  };
  const stdout = new TextStream(mark('out'));
  const stderr = new TextStream(mark('err'));
  const renderer = plainRenderer({ stdout, stderr, diff, verbose, colours: false });
  for (const event of events) renderer.event(event);
  await renderer.close();
  return text;
}

describe('plain output', () => {
  test.each(scenarios)('$name', async (scenario) => {
    await expect(await log(scenario)).toMatchFileSnapshot(`golden/${scenario.name}.txt`);
  });

  test('all lines of one event leave in one write, so that those of other hosts cannot come in between', async () => {
    const writes: string[] = [];
    const stdout = new TextStream((text) => writes.push(text));
    const renderer = plainRenderer({ stdout, stderr: new TextStream(), diff: true, verbose: false, colours: false });
    const events =
      scenarios.find(({ name }) => name === 'changes-diff')?.events ?? expect.fail('there is such a scenario');
    for (const event of events) renderer.event(event);
    await renderer.close();
    expect(writes.find((text) => text.includes('config.yaml'))).toMatch(
      /^\[gw-1\] changed: .*\n {4}mode: 0644 → 0640\n {4}@@ [\s\S]*\+ {4}port: 7085\n$/,
    );
  });

  test.each([
    ['a reader who leaves early does not end the run', 'EPIPE', 'closed'],
    ['a log that cannot be written is said at the end', 'ENOSPC', 'cannot write: ENOSPC'],
  ])('%s', async (_, code, how) => {
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(`cannot write: ${code}`), { code })),
    });
    const renderer = plainRenderer({ stdout, stderr: new TextStream(), diff: false, verbose: false });
    for (const event of scenarios[0]?.events ?? []) {
      renderer.event(event);
      await new Promise(setImmediate);
    }
    const closed = renderer.close().then(
      () => 'closed',
      (error: Error) => error.message,
    );
    expect(await closed).toBe(how);
  });
});
