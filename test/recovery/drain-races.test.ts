import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lbDrain } from '../../src/cli/lb/drain.ts';
import { lbRestore } from '../../src/cli/lb/restore.ts';
import type { Clock } from '../../src/core/base/clock.ts';
import type { Connection } from '../../src/core/host/connection.ts';
import { play } from '../../src/core/play/play.ts';
import type { Steps } from '../../src/core/task/task.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { leasePath } from '../../src/lb/lease.ts';
import type { FakeHost } from '../../src/testing/fake-host.ts';
import { all } from '../lab/all.ts';
import { TextStream } from '../render/text-stream.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { runPlays, sharedClock } from '../support/cluster/run-fake.ts';
import { replaced } from '../support/cluster/toy-tasks.ts';
import { FleetScene, WAITING } from '../traffic/fleet-scene.ts';

const NODES = ['gw-1', 'gw-2'] as const;
const BALANCERS = ['lb-1', 'lb-2'] as const;
const ROOT = { mode: '0644', owner: 'root', group: 'root' } as const;
const BUSY_MS = 20_000;
const SEEDS = all ? 300 : 20;

/** Integers from 0 up to `below`, the same for the same seed. */
function drawn(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The shipped example with two gateways. Each operation of either side takes a drawn time, so that they interleave. */
class Race {
  readonly scene: FleetScene;
  readonly file: string;
  readonly draw: (below: number) => number;
  readonly clock: Clock;
  /** How many times longer the operator's operations take. */
  readonly #slowness: number;
  /** Moments at which a balancer had no member to send a request to. */
  readonly outages: string[] = [];
  /** Operations of the run on balancers' hosts. */
  steps = 0;
  /** Called before each of them. */
  onStep: () => void = () => undefined;

  private constructor(scene: FleetScene, file: string, draw: Race['draw']) {
    this.scene = scene;
    this.file = file;
    this.draw = draw;
    this.clock = scene.clock;
    this.#slowness = [1, 3, 9, 27][draw(4)] ?? 1;
  }

  static async of(seed: number): Promise<Race> {
    const directory = temporaryDirectory('race');
    const file = join(directory, 'prod.yaml');
    const text = readFileSync(join(import.meta.dirname, '../../inventory.example.yaml'), 'utf8')
      .replaceAll(', gw-3', '')
      .replace(/^ {2}gw-3: .*\n/m, '')
      .replaceAll(/!env \w+.*$/gm, 'a-secret-value');
    writeFileSync(file, text);
    const inventory = await loadInventory(file, { env: {}, extraVars: {} });
    const clock = sharedClock((now) => {
      if (now > BUSY_MS) scene.connections.clear();
    });
    const scene = new FleetScene(inventory, { clock });
    const draw = drawn(seed);
    // A run that waits for a client holds its node for longer than an operator waits for the run.
    if (draw(2) === 0) for (const node of NODES) scene.connections.set(node, WAITING);
    return new Race(scene, file, draw);
  }

  /** Its operations take time, and are counted for the run. */
  #slow = (host: FakeHost, isRun: boolean): FakeHost => {
    const through = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (_, name) => {
          const value: unknown = Reflect.get(target, name);
          if (name === 'docker') return through(value as object);
          if (typeof value !== 'function' || name === 'close') return value;
          return async (...words: unknown[]) => {
            if (isRun && host.name.startsWith('lb-')) {
              this.steps++;
              this.onStep();
            }
            await this.clock.sleep((1 + this.draw(20)) * (isRun ? 1 : this.#slowness));
            const done: unknown = await Reflect.apply(value, target, words);
            this.#look();
            return done;
          };
        },
      });
    return through(host);
  };

  #look(): void {
    for (const name of BALANCERS)
      if (NODES.every((node) => this.#order(name, node) !== '0')) this.outages.push(`${name} at ${this.clock.now()}`);
  }

  #order(balancer: 'lb-1' | 'lb-2', node: string): string {
    return String(this.scene.lb(balancer).rows.find(({ name }) => name === node)?.admin ?? 'gone');
  }

  orders = (node: string): readonly string[] => BALANCERS.map((name) => this.#order(name, node));

  leases = (node: string): readonly (string | undefined)[] =>
    BALANCERS.map((name) => {
      const text = this.scene.node(name).fileText(leasePath('gateways', node));
      return text === null || text === undefined ? undefined : JSON.parse(text).kind;
    });

  /** A rolling change of both nodes. */
  async run(order: readonly string[], content: string) {
    return await runPlays(
      this.scene.hosts.map((host) => this.#slow(host, true)),
      function* () {
        yield* play({
          name: 'roll',
          hosts: 'gateways',
          rolling: { soak: '0s', order },
          *tasks(): Steps {
            yield replaced({ path: '/app', content });
          },
        });
      },
      {
        fleet: this.scene.fleet,
        clock: this.clock,
        select: () => NODES.map((name) => ({ name, address: '', groups: [], vars: {} })),
      },
    );
  }

  #outside(stdout: TextStream) {
    // A journal is named by its second and its process: here many begin in one.
    process.env.XDG_STATE_HOME = temporaryDirectory('state');
    return {
      clock: this.clock,
      stdout: stdout as unknown as NodeJS.WriteStream,
      connect: async (name: string): Promise<Connection> => this.#slow(this.scene.node(name), false),
    };
  }

  async drain(node: string, more: { readonly yesOutage?: string } = {}): Promise<{ code: number; text: string }> {
    const stdout = new TextStream();
    const flags = { inventory: this.file, forks: '5', output: 'json', reason: 'new disks', wait: true } as const;
    const code = await lbDrain([node], { ...flags, withoutLb: [], ...more }, this.#outside(stdout));
    return { code, text: stdout.text };
  }

  restore = (node: string): Promise<number> =>
    lbRestore([node], { inventory: this.file, forks: '5', output: 'json' }, this.#outside(new TextStream()));
}

test('an operator and a run drain the two members of a pool at the same time: never both, in any order of their steps', async () => {
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const race = await Race.of(seed);
    for (const name of NODES) race.scene.node(name).files.write('/app', Buffer.from('old'), ROOT);
    const order = race.draw(2) === 0 ? NODES : NODES.toReversed();
    const [first, second] = order as [string, string];
    const begin = race.draw(45);
    const begun = Promise.withResolvers<ReturnType<Race['drain']>>();
    race.onStep = () => {
      if (race.steps === begin + 1) begun.resolve(race.drain(second));
    };
    const run = await race.run(order, 'new');
    const { code, text } = await await begun.promise;
    const story = `seed ${seed}: ${run.codes.join(' ')}; ${text}`;
    expect(race.outages, story).toEqual([]);
    expect(race.orders(first), story).toEqual(['0', '0']);
    expect(race.leases(first), story).toEqual([undefined, undefined]);
    const isOut = code === 0;
    expect(race.orders(second), story).toEqual(isOut ? ['8', '8'] : ['0', '0']);
    expect(race.leases(second), story).toEqual(isOut ? ['hand', 'hand'] : [undefined, undefined]);
    if (!isOut) expect(text).toContain('OUTAGE_NOT_CONFIRMED');
    const end = `drain ${code}, run ${run.codes.join(' ') || 'ok'}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
    // Both converge once the other one is done.
    race.onStep = () => undefined;
    expect(await race.restore(second)).toBe(0);
    await race.clock.sleep(10_000);
    expect((await race.run(order, 'newer')).codes, story).toEqual([]);
    expect((await race.drain(first)).code, story).toBe(0);
  }
  console.log([...ends].map(([end, count]) => `${count} times: ${end}`).join('\n'));
  expect([...ends.keys()].some((end) => end.startsWith('drain 0') && end.includes('NO_OTHER_MEMBER_UP'))).toBe(true);
  for (const code of [2, 3]) expect([...ends.keys()]).toContain(`drain ${code}, run ok`);
}, 600_000);
