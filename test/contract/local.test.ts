import { overLocal } from './carriers.ts';
import { connectionContract } from './connection.ts';

connectionContract('local', overLocal);
