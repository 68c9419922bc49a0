import { definePlaybook } from 'api7-orch';
import install from '../../../playbooks/install.ts';
import { impatient } from './impatient.ts';

export default definePlaybook({
  ...install,
  name: 'impatient-install',
  *plays(context) {
    yield* impatient(install.plays(context), 10_000);
  },
});
