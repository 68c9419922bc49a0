import { connect } from 'node:net';

const ANSWER_MS = 3000;

/** Node allows 250 ms for each address of a name but the last: less than one retransmission takes. */
const ADDRESS_MS = 2000;

/** Whether a server listens there, seen from the controller. */
export const controllerReaches = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const patience = { timeout: ANSWER_MS, autoSelectFamilyAttemptTimeout: ADDRESS_MS };
    const socket = connect({ host: address, port, ...patience });
    const done = (reached: boolean) => (): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', done(true)).once('timeout', done(false)).once('error', done(false));
  });
