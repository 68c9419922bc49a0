import { OrchError } from '../../core/base/errors.ts';
import { firstChars } from '../../core/base/excerpt.ts';
import type { AskHaproxy } from './haproxy-socket.ts';

/** Runs one command on HAProxy's admin socket. Any reply is a refusal. */
export function haproxyCommand(ask: AskHaproxy): (socket: string, command: string) => Promise<void> {
  return async (socket, command) => {
    const said = (await ask(socket, oneCommand(command))).trim();
    if (said === '') return;
    throw new OrchError('LB_REFUSED', `HAProxy refuses "${command}": ${said.split('\n')[0]}`, {
      details: firstChars(said, 500),
      hint: 'see whether its configuration was changed meanwhile, then run this again',
    });
  };
}

/**
 * The text unchanged, if it is one command. A line break or a semicolon would begin another one, `<<` a text of several
 * lines, and a backslash or `#` would change its meaning.
 *
 * @throws OrchError HAPROXY_COMMAND
 */
export function oneCommand(text: string): string {
  if (/^[\x20-\x7e]+$/.test(text) && !/[;\\#]|<</.test(text)) return text;
  throw new OrchError('HAPROXY_COMMAND', `${JSON.stringify(text)} is not one command of HAProxy's`, {
    hint: 'names of backends and servers are made of letters, digits, ".", "_", "-" and ":"',
  });
}
