import { randomBytes } from 'node:crypto';

/** `20261129-154755-4f2a9c`: the start time of the run (UTC), and random characters. Ids sort by time. */
export const RUN_ID = /^\d{8}-\d{6}-[0-9a-f]{6}$/;

/** @example newRunId(new Date()) // '20261129-154755-4f2a9c' */
export const newRunId = (now: Date): string =>
  `${now
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .replace('T', '-')}-${randomBytes(3).toString('hex')}`;
