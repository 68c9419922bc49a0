import { definePlaybook, play } from 'api7-orch';
import { localFile } from './local-file.ts';

export default definePlaybook({
  name: 'one-file',
  description: 'One large file on every host.',
  *plays() {
    yield* play({
      name: 'Upload',
      hosts: 'all',
      *tasks({ name, vars }) {
        yield localFile({ path: `${vars.into}/${name}`, from: String(vars.payload), owner: String(vars.user) });
      },
    });
  },
});
