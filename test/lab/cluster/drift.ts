import { describe, expect, test } from 'vitest';
import { steadyLoad } from '../load/traffic.ts';
import type { OrchRun } from '../scenes/orch.ts';
import { install, type LabOf } from './commands.ts';

/** Changes on the hosts themselves, without drain and restore. */
const changes = (run: OrchRun) =>
  run.with('changed').filter((line) => !/ (has a lease|is drained|is restored) \(on /.test(line));

/** An installed cluster that was changed externally. */
export function drift(lab: LabOf): void {
  describe('drift', () => {
    test('repairs what drifted, and changes nothing else', async () => {
      await Promise.all([
        // In place: the very file that the running container has mounted.
        lab().exec(
          'cp-1',
          "f=/opt/api7/dashboard-config.yaml; t=$(sed 's/17080/17081/' $f); printf '%s\\n' \"$t\" > $f",
        ),
        lab().exec('cp-2', 'docker stop api7-dp-manager'),
        // The same container with its labels, published on one address less.
        lab().exec(
          'gw-3',
          `docker inspect api7-gateway > /tmp/was.json
           img=$(docker inspect -f '{{.Config.Image}}' api7-gateway)
           docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' api7-gateway > /tmp/env
           docker inspect -f '{{range $key, $value := .Config.Labels}}{{printf "%s=%s\\n" $key $value}}{{end}}' api7-gateway > /tmp/labels
           docker rm -f api7-gateway
           docker run -d --name api7-gateway --hostname gw-3 --env-file /tmp/env --label-file /tmp/labels -p 9080:9080 -p 7085:7085 \\
             -v /opt/api7/gateway_conf/config.yaml:/usr/local/apisix/conf/config.yaml \\
             -v /opt/api7/gateway_conf/apisix.uid:/usr/local/apisix/conf/apisix.uid "$img"
           rm -f /tmp/env /tmp/labels /tmp/was.json`,
        ),
      ]);
      // A restored gateway is compared with its peers, which takes requests.
      const load = steadyLoad(lab().url('gateways'));
      const run = await install(lab(), '-e', 'soak=5s');
      await load.stop();
      expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
      expect(changes(run)).toEqual([
        'cp-1: container api7-dashboard',
        'cp-1: yamlFile /opt/api7/dashboard-config.yaml',
        'cp-2: container api7-dp-manager',
        'gw-3: container api7-gateway',
        // The container is another one.
        'gw-3: record that api7-gateway has loaded its configuration',
      ]);
      expect((await install(lab())).with('changed')).toEqual([]);
    });
  });
}
