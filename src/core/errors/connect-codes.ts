import { codes } from './error-meaning.ts';

/** Codes of connecting to a host. */
export const CONNECT_CODES = codes({
  CHANNEL_REFUSED: [
    'sshd starts no session: it allows none, other clients hold all, or it cannot start a command',
    'raise MaxSessions, end the other sessions, or check process limits and memory on the host',
  ],
  CONNECTION_LOST: [
    'the connection closed before the command ended; its result is unknown',
    'run the same command to resume',
  ],
  CONNECT_AUTH_FAILED: [
    'sshd accepted none of the keys or passwords',
    'check ssh.user and ssh.identity_file, or pass -k',
  ],
  CONNECT_CONFIG_INVALID: [
    'ssh cannot read its configuration for this host',
    'try ssh -G HOST; or set "config: none" under ssh in the inventory',
  ],
  CONNECT_CONFIG_UNREADABLE: [
    'the ssh configuration file cannot be read',
    'correct ssh.config in the inventory, or fix the permissions of the file',
  ],
  CONNECT_CONFIG_UNSUPPORTED: [
    'the ssh configuration has a setting that is not supported, or ssh is missing to interpret it',
    'install the OpenSSH client, or set "config: none" and put the settings into the inventory',
  ],
  CONNECT_DROPPED: ['the host closed the connection during the handshake', 'check the log of its sshd'],
  CONNECT_HOST_KEY_CHANGED: [
    'the host key differs from known_hosts',
    'compare the fingerprint on the host; if the host was reinstalled, remove the old key with ssh-keygen -R',
  ],
  CONNECT_HOST_KEY_REVOKED: [
    'known_hosts revokes the key that the host presents',
    'do not connect: the key was declared stolen or retired; ask who runs the host',
  ],
  CONNECT_HOST_KEY_UNKNOWN: [
    'known_hosts has no key for this host',
    'compare the fingerprint on the host, then pass --accept-new-host-keys',
  ],
  CONNECT_JUMP_INVALID: ['ProxyJump is not a jump host', 'write [user@]host[:port], separated by commas'],
  CONNECT_JUMP_LOOP: ['a jump host leads back to itself', 'set "ProxyJump none" for the jump host'],
  CONNECT_JUMP_REFUSED: [
    'sshd on the jump host does not forward the connection',
    'set "AllowTcpForwarding local" in its sshd_config, and let PermitOpen name the target',
  ],
  CONNECT_KEY_ENCRYPTED: ['the identity file needs a passphrase', 'load it with ssh-add, or run on a terminal'],
  CONNECT_KEY_INVALID: [
    'the identity file is not a usable private key',
    'use a key written by ssh-keygen (ed25519, ecdsa or rsa)',
  ],
  CONNECT_KEY_MISSING: ['the identity file does not exist', 'correct ssh.identity_file in the inventory'],
  CONNECT_KNOWN_HOSTS_UNREADABLE: [
    'known_hosts cannot be read',
    'fix its permissions, or name another file in ssh.known_hosts',
  ],
  CONNECT_KNOWN_HOSTS_UNWRITABLE: [
    'the new host key cannot be saved',
    'fix the permissions of known_hosts, or name another file in ssh.known_hosts',
  ],
  CONNECT_NOT_SSH: ['the port belongs to another service', 'correct ssh.port in the inventory'],
  CONNECT_NO_COMMON_ALGORITHM: [
    'the host and api7-orch have no SSH algorithm in common; weak ones and compression are not accepted',
    'update OpenSSH on the host, or allow an algorithm that docs/security.md lists in its sshd_config',
  ],
  CONNECT_NO_KEY: ['there is no key to log in with', 'set ssh.identity_file, load a key into ssh-agent, or pass -k'],
  CONNECT_PASSWORD_EXPIRED: ['the host wants a new password for the login user', 'log in with ssh and change it'],
  CONNECT_REFUSED: ['the connection was refused', 'check the port and that sshd runs'],
  CONNECT_SHELL_REFUSED: [
    'the login shell does not run commands',
    'check the login shell, ForceCommand and sudoers (noexec) on the host',
  ],
  CONNECT_SUDO_DENIED: [
    'sudo does not allow the login user to act as root',
    'allow it in sudoers, or set become: none',
  ],
  CONNECT_SUDO_MISSING: ['sudo is not installed on the host', 'install sudo, log in as root, or set become: none'],
  CONNECT_SUDO_PASSWORD_WRONG: ['sudo rejected the password', 'correct ssh.become_password, or pass -K'],
  CONNECT_SUDO_PASSWORD: ['sudo needs a password', 'pass -K, set ssh.become_password, or allow NOPASSWD in sudoers'],
  CONNECT_THROTTLED: [
    'sshd closed the connection before it sent its banner',
    'raise MaxStartups in sshd_config, or lower --forks',
  ],
  CONNECT_TIMED_OUT: [
    'the host did not respond in time',
    'check address, firewall and host; ssh.connect_timeout raises the limit',
  ],
  CONNECT_UNREACHABLE: ['there is no route to the host', 'check address, network and name resolution'],
  CONNECT_USER_UNKNOWN: ['no login user is given, and the current user has no name', 'set ssh.user in the inventory'],
  FACTS_UNREADABLE: [
    'the host did not report its basic facts',
    'the host must be Linux with /proc, date, uname and cat',
  ],
  FORWARDING_REFUSED: [
    'sshd forwards no connections, and the host has no curl or wget',
    'set "AllowTcpForwarding local" in sshd_config, or install curl',
  ],
});
