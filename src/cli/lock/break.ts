import { randomBytes, randomUUID } from 'node:crypto';
import { parseDuration } from '../../core/base/duration.ts';
import { isConnectionLost, OrchError } from '../../core/base/errors.ts';
import { safeText } from '../../core/base/safe-text.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import type { LockStop } from '../../core/host/lock.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { operatorName } from '../../local/operator.ts';
import { holderName } from '../../lock/locked-error.ts';
import { takeOver } from '../../lock/take-over.ts';
import { sinkOf } from '../../render/sink.ts';
import { byBeginning } from '../../runs/find-run.ts';
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
    const held = heldBy(seen, flags.run);
    if (held.length === 0) say(nothingHeld(flags.run, errors.length === 0));
    const { locked, unread } =
      flags.now === true ? await takeEach(session, held, stop, say) : await ask(session, held, { stop, waitMs, say });
    await out.flush();
    if (locked > 0) return EXIT_CODES.locked;
    return errors.length + unread > 0 ? EXIT_CODES.partial : EXIT_CODES.ok;
  });
}

/** The locks of all runs, or of the run whose id begins like this. @throws OrchError RESUME_AMBIGUOUS */
function heldBy(seen: readonly SeenLock[], beginning: string | undefined): readonly SeenLock[] {
  const runs = [...new Set(seen.flatMap(({ view: { record } }) => record?.run ?? []))];
  const wanted = beginning === undefined ? runs : [byBeginning(runs, (run) => run, beginning)];
  return seen.filter(({ view: { record } }) => record !== null && wanted.includes(record.run));
}

function nothingHeld(run: string | undefined, allRead: boolean): string {
  if (run === undefined) return allRead ? 'no host is locked' : 'no host that responds is locked';
  return allRead ? `run ${run} has no lock: it is not under way` : `run ${run} has no lock on the hosts that respond`;
}

/** Hosts that are still locked, and hosts of which that is unknown. */
interface Left {
  readonly locked: number;
  readonly unread: number;
}

interface Asking {
  readonly stop: LockStop;
  readonly waitMs: number;
  say(text: string): void;
}

/** Asks the holders to stop, and waits until they have released their locks. */
async function ask(session: Session, held: readonly SeenLock[], { stop, waitMs, say }: Asking): Promise<Left> {
  const { hosts, clock } = session;
  const times = environmentLockTimes();
  const runs = new Map(held.map(({ host, view }) => [host, view.record?.token]));
  const request = async ({ host, view: { record, digest } }: SeenLock): Promise<void> => {
    if (record === null || digest === null || record.stop !== undefined) return;
    const asked = hosts.get(host).then(({ lock }) => lock.swap(digest, { ...record, stop }));
    await asked.catch((error: unknown) => {
      // The next reading shows whether it arrived.
      if (!isConnectionLost(error)) throw error;
    });
  };
  await Promise.all(held.map(request));
  for (const each of new Set(runs.values())) {
    const ofRun = held.filter(({ view }) => view.record?.token === each);
    const [{ record, now } = { record: null, now: 0 }] = ofRun.map(({ view }) => view);
    if (record !== null)
      say(`${ofRun.map(({ host }) => host).join(', ')}: asked ${holderName(record, now)} to stop at a safe point`);
  }
  const until = clock.now() + waitMs;
  for (;;) {
    const { seen, errors } = await readLocks(session, [...runs.keys()]);
    const left = seen.filter(({ host, view }) => view.record?.token === runs.get(host));
    const names = left.map(({ host }) => host).join(', ');
    const count = { locked: left.length, unread: errors.length };
    if (left.length + errors.length === 0) {
      if (held.length > 0) say('the locks are released');
      return count;
    }
    if (clock.now() >= until) {
      if (left.length > 0) say(`${names} still locked: see lock show; lock break --now ends the run at once`);
      for (const { code, host, message } of errors)
        say(`${code} on ${host}: ${message}; whether it is still locked is unknown`);
      return count;
    }
    if (errors.length === 0 && left.every(({ view }) => hasExpired(view, times))) {
      say('the run has ended without releasing its locks: the next run takes them over, lock break --now removes them');
      return count;
    }
    // The holder may have changed its lock, before a call to its Engine, between the reading and the request.
    await Promise.all(left.map(request));
    await clock.sleep(times.pollMs);
  }
}

/** Ends the connections of the holders, waits for running commands, and leaves the hosts unlocked. */
async function takeEach(
  { hosts, clock }: Session,
  held: readonly SeenLock[],
  { by }: LockStop,
  say: (text: string) => void,
): Promise<Left> {
  const owner = { token: randomBytes(16).toString('hex'), run: randomUUID(), by, verb: 'lock break' };
  let locked = 0;
  for (const { host, view } of held) {
    const connection = await hosts.get(host);
    const taken = await connection.lock.take(owner, view.digest);
    if (taken.record?.token !== owner.token) {
      say(`${host}: its lock changed at the same time; run the same command again`);
      locked++;
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
  return { locked, unread: 0 };
}
