import { overSsh } from './carriers.ts';
import { connectionContract } from './connection.ts';

connectionContract('ssh to a bash that greets', () => overSsh({ shell: '/bin/bash' }));
