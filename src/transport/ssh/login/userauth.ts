import type { Client, ParsedKey } from 'ssh2';
import type { Sign, SigningHash } from './signing-agent.ts';

type GiveSignature = (data: Buffer, done: (signature: Buffer) => void) => void;
type Failure = (protocol: Protocol, left: readonly string[], partial: boolean) => void;

/** The used internals of ssh2 1.17. */
interface Protocol {
  authPK(user: string, key: ParsedKey, algorithm: string | undefined, sign?: GiveSignature): void;
  readonly _handlers: { USERAUTH_FAILURE: Failure };
  readonly _authsQueue: string[];
}

export interface LoginEvents {
  /** The server refused, or (`partial`) accepted and requires more: `left` are the methods that may continue. */
  readonly failed: (left: readonly string[], partial: boolean) => void;
  /** The signer of the current key, if it is sent with its signature. */
  readonly signAtOnce: () => Sign | undefined;
  /** The current key could not sign. */
  readonly cannotSign: (error: unknown) => void;
}

/** Controls a login beyond ssh2's API. */
export interface UserAuth {
  /** Gives up the current method without an answer and continues with the next. */
  readonly leave: () => void;
}

const HASHES: Readonly<Record<string, SigningHash>> = {
  'ssh-rsa': 'sha1',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};

/**
 * Hooks into a client, right after its `connect()`. ssh2 always asks the server first whether it accepts a key, which
 * costs a round trip. It also ignores the answer to an agent's key (RFC 4252 §5.1, partial success), and ends the
 * connection instead of skipping a method.
 *
 * @throws Error when ssh2's internals differ from 1.17
 */
export function tapUserAuth(client: Client, events: LoginEvents): UserAuth {
  const protocol = protocolOf(client);
  const handlers = protocol._handlers;
  const { USERAUTH_FAILURE: onFailure } = handlers;
  const authPK = protocol.authPK.bind(protocol);
  let open = true;
  let left: readonly string[] = [];
  client.once('close', () => {
    open = false;
  });
  handlers.USERAUTH_FAILURE = (by, methods, partial) => {
    left = methods;
    events.failed(methods, partial);
    onFailure(by, methods, partial);
  };
  protocol.authPK = (user, key, algorithm, sign) => {
    const atOnce = sign === undefined ? events.signAtOnce() : undefined;
    if (atOnce === undefined) return authPK(user, key, algorithm, sign);
    authPK(user, key, algorithm, (data, done) => {
      atOnce(data, HASHES[algorithm ?? '']).then(
        (signature) => open && done(signature),
        (error: unknown) => open && events.cannotSign(error),
      );
    });
  };
  return {
    leave() {
      if (!open) return;
      // ssh2 waits for the answer to this one request; a key's query has been answered.
      if (protocol._authsQueue[0] === 'keyboard-interactive') protocol._authsQueue.shift();
      onFailure(protocol, left, false);
    },
  };
}

function protocolOf(client: Client): Protocol {
  const inside = '_protocol' in client ? client._protocol : undefined;
  const fits =
    typeof inside === 'object' &&
    inside !== null &&
    'authPK' in inside &&
    typeof inside.authPK === 'function' &&
    '_authsQueue' in inside &&
    Array.isArray(inside._authsQueue) &&
    '_handlers' in inside &&
    typeof inside._handlers === 'object' &&
    inside._handlers !== null &&
    'USERAUTH_FAILURE' in inside._handlers &&
    typeof inside._handlers.USERAUTH_FAILURE === 'function';
  if (!fits) throw new Error('ssh2 has changed inside: version 1.17 is needed to log in');
  return inside as Protocol;
}
