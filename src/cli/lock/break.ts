import { randomBytes, randomUUID } from 'node:crypto';
import { parseDuration } from '../../core/base/duration.ts';
import { OrchError } from '../../core/base/errors.ts';
import { safeText } from '../../core/base/safe-text.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import type { LockStop } from '../../core/host/lock.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { operatorName } from '../../local/operator.ts';
import { holderName } from '../../lock/locked-error.ts';
import { takeOver } from '../../lock/take-over.ts';
import { sinkOf } from '../../render/sink.ts';
import { type CliEnvironment, openSession, type Session, type SessionFlags, untilInterrupted } from '../session.ts';
import { hasExpired, readLocks, type SeenLock } from './read-locks.ts';
import { environmentLockTimes } from './times.ts';

export interface BreakFlags extends SessionFlags {
  readonly reason: string;
  /** Take the locks at once, without asking the holder. */
  readonly now?: boolean;
  /** Id of a run, or its beginning: selects its locks only. */
  readonly run?: string;
  /** How long the run may take to reach a safe point. */
  readonly wait: string;
}

/**
 * `api7-orch lock break`: asks runs to stop at a safe point, or ends them. @returns 0; 3 when a host did not respond;
 * 5; 6
 */
export async function lockBreak(pattern: string, flags: BreakFlags, environment: CliEnvironment = {}): Promise<number> {
  if (flags.reason.trim() === '')
    throw new OrchError('USAGE', '--reason is empty', {
      hint: "name the reason; the run prints it: --reason 'urgent fix'",
    });
  const waitMs = parseDuration(flags.wait);
  const inventory = await loadInventory(flags.inventory);
  const names = selectHosts(inventory, pattern).map(({ name }) => name);
  await using session = await openSession({ inventory, hosts: names, flags, safePoint: false, environment });
  const out = sinkOf(environment.stdout ?? process.stdout);
  const say = (text: string): void => out.write(`${safeText(text)}\n`);
  const stop = { by: operatorName(), reason: flags.reason };
  return await untilInterrupted(session, async () => {
    const { seen, errors } = await readLocks(session, names);
    for (const { code, host, message } of errors) say(`${code} on ${host}: ${message}`);
    const held = seen.filter(({ view: { record } }) => record?.run.startsWith(flags.run ?? '') ?? false);
    if (held.length === 0)
      say(flags.run === undefined ? 'no host is locked' : `run ${flags.run} has no lock: it is not under way`);
    const left =
      flags.now === true ? await takeEach(session, held, stop, say) : await ask(session, held, { stop, waitMs, say });
    await out.flush();
    if (left > 0) return EXIT_CODES.locked;
    return errors.length > 0 ? 3 : 0;
  });
}

interface Asking {
  readonly stop: LockStop;
  readonly waitMs: number;
  say(text: string): void;
}

/** @returns how many are still locked */
async function ask(session: Session, held: readonly SeenLock[], { stop, waitMs, say }: Asking): Promise<number> {
  const { hosts, clock } = session;
  const times = environmentLockTimes();
  await Promise.all(
    held.map(async ({ host, view: { record, digest } }) => {
      if (record === null || digest === null) return;
      await (await hosts.get(host)).lock.swap(digest, { ...record, stop });
    }),
  );
  for (const each of new Set(held.map(({ view }) => view.record?.token))) {
    const ofRun = held.filter(({ view }) => view.record?.token === each);
    const [{ record, now } = { record: null, now: 0 }] = ofRun.map(({ view }) => view);
    if (record !== null)
      say(`${ofRun.map(({ host }) => host).join(', ')}: asked ${holderName(record, now)} to stop at a safe point`);
  }
  const runs = new Map(held.map(({ host, view }) => [host, view.record?.token]));
  const until = clock.now() + waitMs;
  for (;;) {
    const { seen } = await readLocks(session, [...runs.keys()]);
    const left = seen.filter(({ host, view }) => view.record?.token === runs.get(host));
    if (left.length === 0) {
      if (held.length > 0) say('the locks are released');
      return 0;
    }
    const [first] = left;
    if (clock.now() >= until) {
      say(
        `${left.map(({ host }) => host).join(', ')} still locked: see lock show; lock break --now ends the run at once`,
      );
      return left.length;
    }
    if (first !== undefined && left.every(({ view }) => hasExpired(view, times))) {
      say('the run has ended without releasing its locks: the next run takes them over, lock break --now removes them');
      return left.length;
    }
    await clock.sleep(times.pollMs);
  }
}

/**
 * Ends the connections of the holders, waits for running commands, and leaves the hosts unlocked. @returns how many it
 * could not take
 */
async function takeEach(
  { hosts, clock }: Session,
  held: readonly SeenLock[],
  { by }: LockStop,
  say: (text: string) => void,
): Promise<number> {
  const owner = { token: randomBytes(16).toString('hex'), run: randomUUID(), by, verb: 'lock break' };
  let left = 0;
  for (const { host, view } of held) {
    const connection = await hosts.get(host);
    const taken = await connection.lock.take(owner, view.digest);
    if (taken.record?.token !== owner.token) {
      say(`${host}: its lock changed at the same time; run the same command again`);
      left++;
      continue;
    }
    await takeOver(
      {
        host,
        token: owner.token,
        clock,
        times: environmentLockTimes(),
        say,
        onLock: (act) => act(connection.lock),
        connection: async () => connection,
      },
      taken,
    );
    await connection.lock.release(owner.token);
    if (view.record !== null) say(`${host}: ended ${holderName(view.record, view.now)}; the host is not locked`);
  }
  return left;
}
