import { codes } from './error-meaning.ts';

/** Codes of a host: files, Docker, services. */
export const HOST_CODES = codes({
  ADDRESS_MISSING: [
    'no interface of the host has an address that a port is bound to',
    'bind the port to an address of the host itself, or to 0.0.0.0, by api7.bind',
  ],
  ADOPTION_DIFFERS: [
    'a running container differs from the inventory in more than what adoption changes',
    'correct the inventory, or first change the container manually; the details list what differs',
  ],
  ADOPTION_INVALID: [
    'the record of an adoption on the host is invalid',
    'see which container of the service is to run, then remove the record',
  ],
  ADOPTION_POLICY: [
    'a container that is to be adopted is started again by something on the host',
    'end what starts it, then run install --adopt again',
  ],
  ADOPTION_REFUSED: [
    'a running container cannot be adopted as it is',
    'follow the hint, then run install --adopt again; docs/adopting.md explains each reason',
  ],
  ADOPTION_UNDER_WAY: [
    'an earlier adoption on the host was not finished',
    'run install --adopt: it finishes the adoption',
  ],
  CERTIFICATE_EXPIRED: [
    'a certificate is expired, not valid yet, or about to expire',
    'renew it, then name it in the inventory',
  ],
  CERTIFICATE_MISMATCH: [
    'a certificate does not belong to its private key or to its authority',
    'name the key and the authority that belong to the certificate',
  ],
  CLOCK_SKEWED: ['the clocks of hosts differ', 'synchronize them: chrony or systemd-timesyncd'],
  COMMAND_FAILED: ['a command on the host failed', 'read its last lines in the details'],
  COMMAND_INVALID: ['the parameters of a command are invalid', 'correct the playbook'],
  CONFIG_INVALID: ['a setting under api7.config is invalid', 'correct it in the inventory'],
  CONFIG_REFUSED: [
    'the gateway image rejects the new configuration; no container was changed',
    'read the last lines, then correct api7.config in the inventory',
  ],
  CONNECTIONS_UNREADABLE: ['the connections of a container cannot be counted', 'set become: sudo'],
  CONTAINER_EXITED: ['the container exits each time it starts', 'read its log: docker logs NAME'],
  CONTAINER_KILLED: ['the container was killed and cannot be started again', 'run install; it recreates the container'],
  CONTAINER_PAUSED: [
    'the container is paused: its process is frozen',
    'run docker unpause NAME on the host, then run again',
  ],
  CONTAINER_MISSING: ['the container does not exist', 'run install, or state the container in the playbook'],
  DATABASE_CERTIFICATE: [
    'the TLS certificate of PostgreSQL is not accepted',
    'renew it, or name its authority by sslrootcert in the DSN',
  ],
  DATABASE_CONNECTIONS: [
    'PostgreSQL has too few connections for the pools of the control plane',
    'raise max_connections, or lower database.max_open_conns under api7.config',
  ],
  DATABASE_MISSING: ['the database does not exist', 'create it: CREATE DATABASE NAME OWNER USER'],
  DATABASE_NOT_SHOWN: [
    'the host forwards no connections, so PostgreSQL cannot be asked',
    'set AllowTcpForwarding local in sshd_config, or ask PostgreSQL by psql',
  ],
  DATABASE_REFUSED: ['PostgreSQL refuses the login', 'correct user and password under api7.database, or pg_hba.conf'],
  DATABASE_STANDBY: ['the PostgreSQL server takes no writes', 'name the primary under api7.database'],
  DATABASE_TOO_OLD: ['PostgreSQL is older than version 15', 'upgrade it'],
  DATABASE_UNREACHABLE: [
    'PostgreSQL cannot be reached from a host',
    'check address, port, listen_addresses and the firewall',
  ],
  DISK_FULL: ['a file system has too little space', 'free space on it'],
  DOCKER_DENIED: [
    'the Docker socket cannot be reached by the login user',
    'set become: sudo, or install the docker CLI or socat on the host',
  ],
  DOCKER_FAILED: ['the Docker Engine reported an error', 'read the message, then check docker info on the host'],
  DOCKER_IS_PODMAN: ['Podman answers on the Docker socket', 'install Docker Engine, and stop podman.socket'],
  DOCKER_NOT_FOUND: ['Docker is not installed on the host', 'install Docker Engine'],
  DOCKER_REMAPS_USERS: [
    'the Docker Engine maps user ids of containers to others, so they cannot read the files of their services',
    'remove userns-remap from daemon.json, or run the Engine as root',
  ],
  DOCKER_TOO_OLD: ['the Docker Engine is older than 20.10.7', 'upgrade it'],
  DOCKER_UNREACHABLE: ['the Docker Engine does not respond', 'start it: systemctl start docker'],
  FILE_TOO_LARGE: ['the file is larger than what may be read', 'compare large files by digest'],
  FLOCK_MISSING: ['the host has no flock, so no lock can be taken on it', 'install util-linux on the host'],
  HOST_ARCHITECTURE: [
    "the host's architecture is not that of the images",
    'use packages for its architecture, or remove the host from its group',
  ],
  HTTP_UNREACHABLE: ['no HTTP response', "check the port (ss -ltn), the service's log and the firewall"],
  IMAGE_ARCHITECTURE: ['the image is for another architecture', 'use a package for the architecture of the host'],
  IMAGE_LOAD_FAILED: ['the image could not be loaded', 'check disk space and docker images on the host'],
  IMAGE_MISSING: ['the image does not exist on the host', 'install from a package, or set a registry'],
  IMAGE_PULL_FAILED: [
    'the image could not be pulled',
    'read the message of the registry; check name and tag; or install from a package',
  ],
  IS_A_DIRECTORY: ['a file is expected, but the path is a directory', 'move it away or choose another path'],
  KERNEL_TOO_OLD: ['the kernel is older than 3.10.0-957', 'upgrade the operating system: CentOS 7.6 or later'],
  LOG_DRIVER: [
    "the Docker Engine's default log driver takes no max-size and max-file",
    'set log: off, or set the log driver of the Docker daemon to local or json-file',
  ],
  MEMORY_LOW: ['the host has less memory than the vendor asks for', 'give it 4 GB or more'],
  MODE_INVALID: ['a file mode is invalid', 'write octal digits, for example 0640'],
  MOUNT_MISSING: ['the source of a mount does not exist on the host', 'create it there, or correct the mount'],
  NOFILE_TOO_LOW: [
    'containers on the host may have fewer open files than api7.nofile',
    'lower api7.nofile, or raise the limit of the Docker daemon',
  ],
  NAME_TAKEN: [
    'a container that api7-orch did not create has the name of one of its containers',
    'take it over with install --adopt, or give it another name: docker rename',
  ],
  NOT_A_DIRECTORY: ['a directory is expected, but the path is something else', 'move it away or choose another path'],
  NOT_A_FILE: ['a regular file is expected, but the path is something else', 'move it away or choose another path'],
  NOT_READY: ['a service did not become ready in time', 'read its log; raise "within" if it needs more time'],
  NOT_STEADY: ['a container restarted recently', 'read its last lines'],
  OWNER_UNKNOWN: ['the user or group does not exist on the host', 'create it there, or give its number'],
  PACKAGE_DAMAGED: ['a package or an image archive in it is damaged', 'copy it again and compare its checksum'],
  PACKAGE_LACKS: ['the package does not contain a required image', 'use the package of this version and role'],
  PACKAGE_UNPACK_FAILED: ['the package could not be unpacked on the host', 'check disk space and the package'],
  PATH_MISSING: ['a parent directory does not exist', 'create the directory first'],
  PATH_REFUSED: ['a path is never removed or written', 'choose another path'],
  PATH_TAKEN: ['the path exists as another kind of file', 'move it away or choose another path'],
  PERMISSION_DENIED: ['the login user may not do this', 'set become: sudo, or give the user the right'],
  PORT_TAKEN: ['a port is in use by something else', 'stop it, or change api7.bind in the inventory'],
  PROMETHEUS_UNUSABLE: [
    'a control-plane host cannot query Prometheus, or cannot write to it',
    'start it with --web.enable-remote-write-receiver, or correct api7.prometheus',
  ],
  READ_FAILED: ['the host could not be read', 'check memory limits and the log of the host'],
  REGISTRY_DENIED: [
    'a registry refused a login, or wants one',
    'correct the login under api7.registries; check name and tag',
  ],
  REPLY_TOO_LARGE: [
    'the host sent more than a reply of this kind may have; it was cut off',
    'find what prints so much there; docs/security.md lists the limits',
  ],
  TIMED_OUT: ['a command or request took too long', 'check whether the host is overloaded'],
  UPLOAD_CORRUPT: ['an uploaded file arrived with another digest; nothing was changed', 'run the same command again'],
  WRITE_CONFLICT: [
    'another process wrote the same file; nothing was changed',
    'check that no other run is active, then run again',
  ],
});
