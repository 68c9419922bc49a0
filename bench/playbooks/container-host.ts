import { container, definePlaybook, directory, image, play, yamlFile } from 'api7-orch';

/** Parts of any host in an installation: a directory, a configuration, an image, a container. */
export default definePlaybook({
  name: 'container-host',
  description: 'A container with its configuration.',
  *plays() {
    yield* play({
      name: 'Container',
      hosts: 'all',
      *tasks({ vars }) {
        yield directory({ path: '/opt/bench', mode: '0755' });
        const config = yamlFile({ path: '/opt/bench/config.yaml', content: { listen: 80 }, mode: '0644' });
        yield config;
        const program = image({ ref: String(vars.image) });
        yield program;
        yield container({
          name: 'api7-orch-bench',
          image: program,
          command: ['sleep', '86400'],
          mounts: [{ source: '/opt/bench/config.yaml', target: '/etc/bench.yaml' }],
          restartOn: [config],
        });
      },
    });
  },
});
