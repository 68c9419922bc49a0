import type { Client, ParsedKey } from 'ssh2';
import type { Sign, SigningHash } from './signing-agent.ts';

type GiveSignature = (data: Buffer, done: (signature: Buffer) => void) => void;
type Failure = (protocol: Protocol, left: readonly string[], partial: boolean) => void;

/** What is used of ssh2's inside, as its version 1.17 has it. */
interface Protocol {
  authPK(user: string, key: ParsedKey, algorithm: string | undefined, sign?: GiveSignature): void;
  readonly _handlers: { USERAUTH_FAILURE: Failure };
  readonly _authsQueue: string[];
}

export interface LoginEvents {
  /** The server said no, or (`partial`) yes and wants more: it would go on with the methods in `left`. */
  readonly failed: (left: readonly string[], partial: boolean) => void;
  /** Signs with the key under way, if it is to be sent with its signature. */
  readonly signAtOnce: () => Sign | undefined;
  /** The key under way could not sign. */
  readonly cannotSign: (error: unknown) => void;
}

/** Steers a login beyond what ssh2 offers. */
export interface UserAuth {
  /** Leaves the method under way, without an answer, for the next one. */
  readonly leave: () => void;
}

const HASHES: Readonly<Record<string, SigningHash>> = {
  'ssh-rsa': 'sha1',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};

/**
 * Reaches into a client, right after its `connect()`. ssh2 always asks the server first whether it would take a key, at the
 * price of a round trip; it forgets what a server said to a key of an agent (RFC 4252 §5.1, partial success); and it ends
 * the connection where a method is to be passed over.
 *
 * @throws Error when ssh2 is not as it was in 1.17
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
      // Of its requests, ssh2 waits for the answer to this one; a key's query has been answered.
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
