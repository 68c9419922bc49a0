import { definePlaybook, directory, play } from 'api7-orch';

export default definePlaybook({
  name: 'one-directory',
  description: 'The least that reads a host by its shell.',
  *plays() {
    yield* play({
      name: 'Look',
      hosts: 'all',
      *tasks({ vars }) {
        const owner = String(vars.user);
        yield directory({ path: String(vars.trees), mode: '0755', owner, group: owner });
      },
    });
  },
});
