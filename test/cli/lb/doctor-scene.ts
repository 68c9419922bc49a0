import type { DoctorReport } from '../../../src/cli/lb/doctor/finding.ts';
import { type DoctorFlags, lbDoctor } from '../../../src/cli/lb/doctor.ts';
import { sha256 } from '../../../src/core/base/data.ts';
import type { Lease } from '../../../src/core/host/balancer.ts';
import type { LockOwner } from '../../../src/core/host/lock.ts';
import { LEASES, leasePath } from '../../../src/lb/lease.ts';
import { RUNS } from '../../../src/runs/run-record.ts';
import { installed } from '../../recovery/installed.ts';
import type { SmallCluster } from '../../recovery/small-cluster.ts';
import { TextStream } from '../../render/text-stream.ts';
import type { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';

export const RUN = 'run-that-died';
export const OWNER: LockOwner = { token: 'other', run: RUN, by: 'ops@ci', verb: 'run install' };

const ROOT = { owner: 'root', group: 'root' } as const;

/** By server: state and weight. */
const ordersAt = ({ rows }: FakeHaproxy): readonly string[] =>
  rows.map(({ backend, name, admin, weight }) => `${backend}/${name}: ${admin} ${weight}`);

interface Reported {
  readonly code: number | undefined;
  readonly report: DoctorReport;
}

/** An installed cluster, and the command on it. */
export class DoctorScene {
  readonly cluster: SmallCluster;
  printed = '';
  /** Names of hosts that were written to. */
  writes: readonly string[] = [];

  constructor(cluster: SmallCluster) {
    this.cluster = cluster;
  }

  static async installed(): Promise<DoctorScene> {
    process.env.DB_PASSWORD = 'right';
    return new DoctorScene(await installed());
  }

  /** Its exit code; undefined where its controller was killed. */
  async doctor(flags: Partial<DoctorFlags> = {}): Promise<number | undefined> {
    const stdout = new TextStream();
    // A journal is named by its second and its process: here many begin in one.
    process.env.XDG_STATE_HOME = temporaryDirectory('state');
    const before = this.#written();
    const code = await this.cluster.verb((inventory, environment) =>
      lbDoctor({ inventory, forks: '10', lockWait: '0s', ...flags }, { ...environment, stdout: stdout as never }),
    );
    this.printed = stdout.text.replace(/[^\s"]*small\.yaml/g, 'prod.yaml');
    const after = this.#written();
    this.writes = [...after].filter(([name, count]) => count !== before.get(name)).map(([name]) => name);
    return code;
  }

  #written = (): ReadonlyMap<string, number> =>
    new Map([...this.cluster.hosts].map(([name, { writes }]) => [name, writes]));

  /** The report of `-o json`. */
  async report(flags: Partial<DoctorFlags> = {}): Promise<Reported> {
    const code = await this.doctor({ ...flags, output: 'json' });
    return { code, report: JSON.parse(this.printed) };
  }

  /** `lb-1 gw-1 lease: what`, `fixable` with a star. */
  async found(flags: Partial<DoctorFlags> = {}): Promise<readonly string[]> {
    const { report } = await this.report(flags);
    return report.findings.map(
      ({ host, node, kind, fixable, what }) => `${fixable ? '*' : '-'} ${host} ${node ?? '-'} ${kind}: ${what}`,
    );
  }

  /** A lease of a node in the pool of gateways, and its drain on that balancer. */
  lease(lb: string, node: string, more: Partial<Lease> = {}, drained = true): void {
    const { files } = this.cluster.host(lb);
    files.makeDirectory(LEASES, { ...ROOT, mode: '0700' });
    const lease: Lease = {
      node,
      before: { [`gateways/${node}`]: { admin: 'ready', weight: '1' } },
      by: 'ops@ci',
      at: new Date(this.cluster.time.now() - 720_000).toISOString(),
      reason: 'api7-orch, cluster small',
      kind: 'run',
      run: RUN,
      held: [],
      closed: [],
      ...more,
    };
    files.write(leasePath('gateways', node), Buffer.from(JSON.stringify(lease)), { ...ROOT, mode: '0600' });
    if (drained) this.order(lb, `set server gateways/${node} state drain`);
  }

  /** The same on both balancers. */
  leaseOnBoth(node: string, more: Partial<Lease> = {}, drained = true): void {
    for (const lb of ['lb-1', 'lb-2']) this.lease(lb, node, more, drained);
  }

  order(lb: string, command: string): void {
    this.cluster.lb(lb).command(command);
  }

  /** A run that beats every ten seconds. */
  async livingRun(host: string, owner: LockOwner = OWNER): Promise<() => Promise<unknown>> {
    const { lock } = this.cluster.host(host);
    await lock.take(owner, null);
    let isAlive = true;
    const beat = (): void => {
      if (!isAlive) return;
      void lock.beat(owner.token, this.cluster.time.now());
      this.cluster.time.after(10_000, beat);
    };
    beat();
    return async () => {
      isAlive = false;
      return await lock.release(owner.token);
    };
  }

  /** The lock of a run that was killed long ago. */
  async deadRun(host: string): Promise<void> {
    await this.cluster.host(host).lock.take(OWNER, null);
    await this.cluster.settle(120_000);
  }

  file(host: string, path: string, text = 'x'): void {
    const { files } = this.cluster.host(host);
    files.makeDirectory(path.slice(0, path.lastIndexOf('/')), { ...ROOT, mode: '0755' });
    files.write(path, Buffer.from(text), { ...ROOT, mode: '0600' });
  }

  async container(host: string, name: string): Promise<void> {
    const engine = this.cluster.engine(host);
    const { Image = '' } = engine.bodyOf('api7-gateway') ?? {};
    await engine.create(name, { Image, HostConfig: { RestartPolicy: { Name: 'no' } } });
  }

  /** All files except records of runs, which have ids of their own, and orders at the balancers. */
  get world(): string {
    return sha256(
      JSON.stringify([
        [...this.cluster.hosts.values()].map(({ files }) =>
          (files.snapshot() as { path: string }[]).filter(({ path }) => !path.startsWith(RUNS)),
        ),
        [...this.cluster.balancers.values()].map(ordersAt),
      ]),
    );
  }
}
