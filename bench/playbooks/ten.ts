import { command, definePlaybook, directory, file, play, yamlFile } from 'api7-orch';
import { localFile } from './local-file.ts';

/** Ten tasks of the kind that any installation has. `ten.yaml` is the same for Ansible. */
export default definePlaybook({
  name: 'ten',
  description: 'Ten tasks on every host, one of them a file of 10 MB.',
  *plays() {
    yield* play({
      name: 'Ten tasks',
      hosts: 'all',
      // These files do not affect traffic: all hosts at once, like Ansible with 50 forks.
      rolling: { maxUnavailable: '100%', soak: '0s' },
      *tasks({ name, vars }) {
        const user = String(vars.user);
        const base = `${vars.trees}/${name}`;
        const owned = { owner: user, group: user };
        yield directory({ path: base, mode: '0755', ...owned });
        yield directory({ path: `${base}/conf`, mode: '0750', ...owned });
        yield directory({ path: `${base}/data`, mode: '0755', ...owned });
        yield localFile({ path: `${base}/data/payload`, from: String(vars.payload), owner: user });
        yield file({ path: `${base}/conf/app.conf`, content: `node = ${name}\nworkers = 4\n`, ...owned });
        yield file({ path: `${base}/conf/limits.conf`, content: 'nofile = 65536\n', mode: '0600', ...owned });
        yield yamlFile({
          path: `${base}/conf/server.yaml`,
          content: { node: name, listen: { host: '0.0.0.0', port: 9080 } },
          ...owned,
        });
        yield yamlFile({
          path: `${base}/conf/routes.yaml`,
          content: {
            routes: [
              { uri: '/a', upstream: 'one' },
              { uri: '/b', upstream: 'two' },
            ],
          },
          ...owned,
        });
        yield file({ path: `${base}/conf/release`, content: `${vars.release}\n`, ...owned });
        yield command({ run: ['touch', `${base}/data/ready`], creates: `${base}/data/ready`, impact: 'none' });
      },
    });
  },
});
