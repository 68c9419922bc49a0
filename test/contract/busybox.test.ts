import { overBusybox } from './carriers.ts';
import { connectionContract } from './connection.ts';

connectionContract('busybox alone', overBusybox, { bodyOfErrors: false });
