import { definePlaybook } from 'api7-orch';
import restart from '../../../playbooks/rolling-restart.ts';
import { impatient } from './impatient.ts';

export default definePlaybook({
  ...restart,
  name: 'impatient-rolling-restart',
  *plays(context) {
    yield* impatient(restart.plays(context), 30_000);
  },
});
