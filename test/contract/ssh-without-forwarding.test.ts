import { overSsh } from './carriers.ts';
import { connectionContract } from './connection.ts';

connectionContract('ssh without forwarding', () =>
  overSsh({ config: ['AllowTcpForwarding no', 'AllowStreamLocalForwarding no'] }),
);
