import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { plainRenderer } from '../../src/render/plain.ts';
import { sinkOf } from '../../src/render/sink.ts';
import { numbered, runEnd, type Scenario, scenarios } from './scenarios.ts';
import { TextStream } from './text-stream.ts';

/** The output of both streams, in order, each line marked with its stream. */
async function log({ events, diff = false, verbose = false }: Scenario): Promise<string> {
  let text = '';
  const mark = (name: string) => (chunk: string) => {
    if (chunk !== '') text += chunk.replace(/\n$/, '').replace(/^/gm, `${name}| `).replace(/ +$/gm, '').concat('\n');
  };
  const stdout = new TextStream(mark('out'));
  const stderr = new TextStream(mark('err'));
  const renderer = plainRenderer({ stdout, stderr, diff, verbose, colors: false });
  for (const event of events) renderer.event(event);
  await renderer.close();
  return text;
}

describe('plain output', () => {
  test.each(scenarios)('$name', async (scenario) => {
    await expect(await log(scenario)).toMatchFileSnapshot(`golden/${scenario.name}.txt`);
  });

  test.each([
    [{}, 'out| install on prod: 1 host'],
    [{ file: './a.ts', replacesBuiltIn: false }, 'out| install on prod: 1 host, from ./a.ts'],
    [
      { file: './playbooks/install.ts', replacesBuiltIn: true },
      'out| install on prod: 1 host, from ./playbooks/install.ts instead of the built-in playbook',
    ],
  ])('the first line names the file that runs, unless it is built in: %j', async (source, line) => {
    const start = { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts: ['gw-1'] } as const;
    const events = numbered([
      { ...start, ...source },
      { type: 'play.start', play: 'Gateways', hosts: ['gw-1'] },
    ]);
    expect((await log({ name: 'source', events })).split('\n')[0]).toBe(line);
  });

  test('hosts that are numbers stay in the order of the run', async () => {
    const hosts = ['1207', '1103', 'a'];
    const node = { state: 'failed', traffic: 'out', cause: 'broken' } as const;
    const events = numbered([
      { type: 'run.start', title: 'install', cluster: 'prod', check: false, hosts },
      { type: 'roll.end', play: 'Gateways', nodes: Object.fromEntries(hosts.map((host) => [host, node])) },
      runEnd(Object.fromEntries(hosts.map((host) => [host, { ok: 1 }]))),
    ]);
    const rows = (await log({ name: 'order', events })).split('\n');
    const namesBefore = (word: string) =>
      rows.filter((row) => row.includes(word)).map((row) => row.slice('out| '.length).trim().split(' ')[0]);
    expect(namesBefore('ok=1')).toEqual(hosts);
    expect(namesBefore('drained')).toEqual(hosts);
  });

  test('lines of one tick are written together, in their order on both streams', async () => {
    const writes: string[] = [];
    const out = sinkOf(new TextStream((text) => writes.push(`out ${text}`)));
    const err = sinkOf(new TextStream((text) => writes.push(`err ${text}`)));
    for (const sink of [out, out, err, out]) sink.write('x\n');
    expect(writes).toEqual([]);
    await new Promise(setImmediate);
    const all = ['out x\nx\n', 'err x\n', 'out x\n'];
    expect(writes).toEqual(all);
    err.write('last\n');
    await err.flush();
    expect(writes.slice(0, 4)).toEqual([...all, 'err last\n']);
  });

  test('earlier lines are printed before a question', async () => {
    let text = '';
    const stdout = new TextStream((chunk) => {
      text += chunk;
    });
    const renderer = plainRenderer({ stdout, stderr: new TextStream(), diff: false, verbose: false, colors: false });
    for (const event of scenarios[0]?.events ?? []) renderer.event(event);
    expect(text).toBe('');
    (await renderer.hold?.())?.();
    expect(text).not.toBe('');
  });

  test.each([
    ['a reader who leaves early does not end the run', 'EPIPE', 'closed'],
    ['a terminal whose window is closed does not end the run', 'EIO', 'closed'],
    ['a log that cannot be written is reported at the end', 'ENOSPC', 'cannot write: ENOSPC'],
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
