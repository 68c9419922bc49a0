import type { TarEntry } from './tar-bytes.ts';

/** Releases with a broken gateway, for failure tests: see recipes/stand-in/python/release.py. */
export const faultyVersions = { '3.10.90': 'never-ready', '3.10.91': 'bad-routes' } as const;

export const versions = ['3.2.16.3', '3.9.0', '3.10.5', '3.10.6', ...Object.keys(faultyVersions)] as const;

export type Part = 'cp' | 'dp';

export interface StandIn {
  readonly part: Part;
  /** Repository, as the vendor names it. */
  readonly repository: string;
  readonly tag: (version: string) => string;
  /** The `config` of an OCI image. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Its files beside the shared layer and its VERSION. */
  readonly files: readonly TarEntry[];
}

const python = ['/usr/bin/python3.11', '-S', '-E'];
const environment = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'];
const apisix = { uid: 636, gid: 0, mode: 0o775 };

function directory(name: string, owner: Partial<TarEntry> = {}): TarEntry {
  return { name: `${name}/`, type: 'directory', mode: 0o755, ...owner };
}

function script(name: string, content: string): TarEntry {
  return { name, mode: 0o755, content };
}

/** The three images of the vendor's page, with the vendor's names, tags, ports and paths. */
export const standIns: readonly StandIn[] = [
  {
    part: 'cp',
    repository: 'api7/api7-ee-3-integrated',
    tag: (version) => `v${version}`,
    config: {
      Entrypoint: [...python, '/opt/stand-in/dashboard.pyc'],
      Env: environment,
      WorkingDir: '/app',
      ExposedPorts: { '7080/tcp': {}, '7443/tcp': {} },
    },
    files: [directory('app'), directory('app/conf')],
  },
  {
    part: 'cp',
    repository: 'api7/api7-ee-dp-manager',
    tag: (version) => `v${version}`,
    config: {
      Entrypoint: [...python, '/opt/stand-in/dp_manager.pyc'],
      Env: environment,
      WorkingDir: '/usr/local/api7',
      ExposedPorts: { '7900/tcp': {}, '7943/tcp': {} },
    },
    files: [directory('usr/local/api7'), directory('usr/local/api7/conf')],
  },
  {
    part: 'dp',
    repository: 'api7/api7-ee-3-gateway',
    tag: (version) => version,
    config: {
      Entrypoint: ['/docker-entrypoint.sh'],
      Cmd: ['docker-start'],
      Env: environment,
      User: '636',
      WorkingDir: '/usr/local/apisix',
      StopSignal: 'SIGQUIT',
      ExposedPorts: { '9080/tcp': {}, '9443/tcp': {} },
    },
    files: [
      script('docker-entrypoint.sh', '#!/bin/sh\n[ "$1" = docker-start ] && exec apisix start\nexec "$@"\n'),
      script('usr/bin/apisix', `#!/bin/sh\nexec ${python.join(' ')} /opt/stand-in/apisix.pyc "$@"\n`),
      ...['', '/conf', '/logs', '/run'].map((name) => directory(`usr/local/apisix${name}`, apisix)),
      {
        name: 'usr/local/apisix/conf/config.yaml',
        ...apisix,
        mode: 0o664,
        content: '# The defaults hold for all that is not set here.\n',
      },
    ],
  },
];
