import type { Ownership, Stat } from '../../core/host/connection.ts';

/** Known owners on a host: names by number, and the owner of new files. */
export interface Owners {
  /** Takes names of owner and group from a file's status. */
  learn(stat: Pick<Stat, 'uid' | 'gid' | 'owner' | 'group'>): void;
  /** Effective user and group of the shell that reads and writes. */
  runAs(ids: { readonly uid: number; readonly gid: number }): void;
  /** Whether a new file gets this owner and group without chown. */
  isOurs(owned: Ownership): boolean;
}

/** @example const owners = ownersSeen(); owners.runAs(facts); owners.learn(stat); owners.isOurs({ mode: '0644', owner: 'root', group: 0 }) */
export function ownersSeen(): Owners {
  const users = new Map<string, number>();
  const groups = new Map<string, number>();
  let ids: { readonly uid: number; readonly gid: number } | undefined;
  return {
    learn({ uid, gid, owner, group }) {
      users.set(owner, uid);
      groups.set(group, gid);
    },
    runAs(now) {
      ids = now;
    },
    isOurs({ owner, group }) {
      if (ids === undefined) return false;
      const uid = typeof owner === 'number' ? owner : users.get(owner);
      const gid = typeof group === 'number' ? group : groups.get(group);
      return uid === ids.uid && gid === ids.gid;
    },
  };
}
