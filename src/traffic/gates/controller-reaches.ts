import { connect } from 'node:net';

const ANSWER_MS = 3000;

/** Of a name's addresses Node gives each but the last 250 ms: less than it takes to send a lost packet once more. */
const ADDRESS_MS = 2000;

/** Whether somebody listens there, seen from the controller. */
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
