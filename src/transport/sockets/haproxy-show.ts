import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import type { HaproxyWhat } from '../../core/host/connection.ts';
import { oneCommand } from './haproxy-command.ts';
import type { AskHaproxy } from './haproxy-socket.ts';

interface Waiting {
  readonly what: HaproxyWhat;
  resolve(reply: string): void;
  reject(error: unknown): void;
}

/** Runs `show` commands. Commands for one socket in the same tick travel in one line, each once. */
export function haproxyShow(ask: AskHaproxy): (socket: string, what: HaproxyWhat) => Promise<string> {
  const waiting = new Map<string, Waiting[]>();
  return async (socket, what) => {
    oneCommand(`show ${what}`);
    return await new Promise<string>((resolve, reject) => {
      const same = waiting.get(socket);
      if (same !== undefined) return void same.push({ what, resolve, reject });
      const asked: Waiting[] = [{ what, resolve, reject }];
      waiting.set(socket, asked);
      setImmediate(() => {
        waiting.delete(socket);
        void answer(ask, socket, asked);
      });
    });
  };
}

async function answer(ask: AskHaproxy, socket: string, asked: readonly Waiting[]): Promise<void> {
  try {
    const whats = [...new Set(asked.map(({ what }) => what))];
    const replies = repliesIn(await ask(socket, whats.map((what) => `show ${what}`).join(';')), whats.length);
    for (const { what, resolve } of asked) resolve(replies[whats.indexOf(what)] ?? '');
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}

/** Each of several replies ends with an empty line and contains none; an empty reply is that line alone. */
function repliesIn(text: string, count: number): readonly string[] {
  if (count === 1) return [text];
  const replies = text.split(/(?<=^|\n)\n/).slice(0, -1);
  if (replies.length === count) return replies;
  throw new OrchError('HAPROXY_REPLY', `HAProxy gave ${replies.length} replies to ${count} commands`, {
    hint: 'read its reply in the details, then run again; if it repeats, another program uses this socket',
    details: firstChars(text, 500),
    retryable: true,
  });
}
