import { overSsh } from './carriers.ts';
import { connectionContract } from './connection.ts';

connectionContract('ssh', () => overSsh());
