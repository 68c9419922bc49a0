// Records what a real Docker Engine shows of containers that were started in one way or another: the fixtures of test/adopt.
// They have to be recorded again only when the Docker port reads more fields. Needs root and a Docker Engine, and no registry.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

const ref = 'registry.example.com:5000/team/api7/api7-ee-3-gateway:3.10.5';
const work = mkdtempSync(join(tmpdir(), 'api7-orch-record-'));
const config = '-v ./config.yaml:/usr/local/apisix/conf/config.yaml';
const out = new URL('../test/fixtures/running/', import.meta.url).pathname;

/** Flags of `docker run`, with the words after the image. */
const WAYS: Readonly<Record<string, { readonly flags: string; readonly words?: string; readonly after?: string }>> = {
  vendor: { flags: `-p 39080:9080 -p 39443:9443 ${config}` },
  generated: {
    flags:
      '-p 39080:9080 -p 39443:9443 -e API7_GATEWAY_GROUP_SHORT_ID=default -e API7_CONTROL_PLANE_SNI=api7ee3-dp-manager ' +
      '-e API7_CONTROL_PLANE_ENDPOINTS=[\\"https://10.0.0.10:7943\\"] -e API7_CONTROL_PLANE_CERT=CERT -e API7_CONTROL_PLANE_KEY=KEY -e API7_CONTROL_PLANE_CA=CA',
  },
  settings: {
    flags:
      `--name gw -p 127.0.0.1:39080:9080 ${config} -v ./plugins:/opt/plugins:ro --restart always -m 512m --cpus 1.5 --ulimit nofile=4096:8192 ` +
      '--log-opt max-size=10m --add-host db.internal:10.0.9.1 --dns 10.0.0.2 --label team=edge --hostname gateway --stop-signal SIGINT --stop-timeout 20 -e REGION=eu-1 -e TZ=UTC',
  },
  'auto-remove': { flags: '--rm -p 39080:9080' },
  command: { flags: '-p 39080:9080', words: '90000' },
  'entry-point': { flags: '--entrypoint /bin/sh -p 39080:9080', words: '-c "sleep 100000"' },
  'anonymous-volume': { flags: '-v /var/plugins -p 39080:9080' },
  'named-volume': { flags: '-v api7-orch-record:/var/plugins -p 39080:9080' },
  tmpfs: { flags: '--tmpfs /scratch -p 39080:9080' },
  directory: { flags: '-v ./:/usr/local/apisix/conf -p 39080:9080' },
  privileged: { flags: '--privileged -p 39080:9080' },
  device: { flags: '--device /dev/null:/dev/extra -p 39080:9080' },
  network: { flags: '--network api7-orch-record -p 39080:9080' },
  'second-network': { flags: '-p 39080:9080', after: 'docker network connect api7-orch-record' },
  'host-network': { flags: '--network host' },
  'other-settings': { flags: '--cap-add NET_ADMIN --user 1000 --workdir /tmp --health-cmd false --init -p 39080:9080' },
  'other-port': { flags: '-p 39091:9091 -p 39080:9080' },
  'two-host-ports': { flags: '-p 39080:9080 -p 39081:9080' },
  'any-port': { flags: '-P' },
  unpublished: { flags: '' },
  compose: {
    flags:
      '--name api7-gateway-1 -p 39080:9080 -l com.docker.compose.project=api7 -l com.docker.compose.service=gateway -l com.docker.compose.container-number=1 ' +
      '-l com.docker.compose.oneoff=False -l com.docker.compose.project.working_dir=/srv/api7 -l com.docker.compose.project.config_files=/srv/api7/docker-compose.yaml',
  },
  paused: { flags: '--name gw -p 39080:9080', after: 'docker pause' },
};

const sh = (script: string): string => execFileSync('sh', ['-c', script], { cwd: work, encoding: 'utf8' }).trim();

const ask = (path: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const call = request({ socketPath: '/var/run/docker.sock', path: `/v1.41${path}` }, (reply) =>
      resolve(json(reply)),
    );
    call.on('error', reject).end();
  });

const INSTRUCTIONS = [
  'ENV PATH=/bin',
  'ENV TZ=UTC',
  'VOLUME /usr/local/apisix/logs',
  'ENTRYPOINT ["/bin/sleep"]',
  'CMD ["100000"]',
  'EXPOSE 9080 9443',
  'LABEL org.opencontainers.image.version=3.10.5',
  'STOPSIGNAL SIGQUIT',
  'HEALTHCHECK CMD true',
  'USER 636',
];

function buildImage(): void {
  const root = join(work, 'root');
  mkdirSync(join(root, 'usr/local/apisix/conf'), { recursive: true });
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'tmp'));
  writeFileSync(join(root, 'usr/local/apisix/conf/config.yaml'), 'apisix: {}\n');
  for (const name of ['sleep', 'sh'])
    sh(`cp -L /bin/${name} ${root}/bin/ && ldd /bin/${name} | grep -o '/[^ ]*' | xargs -r cp -L --parents -t ${root}`);
  writeFileSync(join(work, 'Dockerfile'), `FROM scratch\nADD root.tar /\n${INSTRUCTIONS.join('\n')}\n`);
  sh(`tar -C root -cf root.tar . && tar -cf - Dockerfile root.tar | DOCKER_BUILDKIT=0 docker build -q -t ${ref} -`);
}

buildImage();
writeFileSync(join(work, 'config.yaml'), 'apisix: {}\n');
mkdirSync(join(work, 'plugins'));
sh('docker network create api7-orch-record');
try {
  for (const [name, { flags, words = '', after }] of Object.entries(WAYS)) {
    const id = sh(`docker run -d ${flags} ${ref} ${words}`);
    try {
      if (after !== undefined) sh(`${after} ${id}`);
      const all = (await ask('/containers/json?all=true')) as readonly { readonly Id: string }[];
      const document = {
        summary: all.find(({ Id }) => Id === id),
        container: await ask(`/containers/${id}/json`),
        image: await ask(`/images/${ref}/json`),
      };
      writeFileSync(join(out, `${name}.json`), `${JSON.stringify(document).replaceAll(work, '/srv/api7')}\n`);
    } finally {
      sh(`docker rm -fv ${id}`);
    }
  }
} finally {
  sh('docker network rm api7-orch-record; docker volume rm api7-orch-record');
  sh(`docker rmi ${ref}`);
  rmSync(work, { recursive: true });
}
