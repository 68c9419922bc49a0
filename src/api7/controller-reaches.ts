import { connect } from 'node:net';

const ANSWER_MS = 2000;

/** Whether somebody listens there, seen from the controller. */
export const controllerReaches = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: ANSWER_MS });
    const done = (reached: boolean) => (): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', done(true)).once('timeout', done(false)).once('error', done(false));
  });
