"""What a gateway is told: conf/config.yaml and the API7_* variables of its container."""
import hashlib
import json
import re
import uuid
from urllib.parse import urlsplit

from control_plane import Credentials, from_environment
from service_log import log
from settings import BadSettings, at, load, port_at, seconds_at

PREFIX = '/usr/local/apisix'
CONFIG = f'{PREFIX}/conf/config.yaml'
UID_FILE = f'{PREFIX}/conf/apisix.uid'


class Gateway:
    def __init__(self):
        settings = load(CONFIG)
        with open(CONFIG, 'rb') as file:
            self.config_digest = hashlib.sha256(file.read()).hexdigest()[:8]
        self.listen = node_listen(settings)
        self.tls_listen = tls_listen(settings)
        self.streams = streams(settings)
        self.status = status_listen(settings)
        self.worker_processes = at(settings, 'nginx_config.worker_processes', (int, str), 'auto')
        if not re.fullmatch(r'auto|[1-9]\d?', str(self.worker_processes)):
            raise BadSettings(f'nginx_config.worker_processes: "{self.worker_processes}" is neither auto nor a number')
        self.rlimit_nofile = at(settings, 'nginx_config.worker_rlimit_nofile', int, 20480)
        self.connections = at(settings, 'nginx_config.event.worker_connections', int, 10620)
        self.shutdown_timeout = seconds_at(settings, 'nginx_config.worker_shutdown_timeout', '240s')
        self.access_log = at(settings, 'nginx_config.http.enable_access_log', bool, True)
        self.server_snippet = at(settings, 'nginx_config.http_server_configuration_snippet', str, '')
        self.configured_endpoints = at(settings, 'deployment.etcd.host', list, [])
        self.id = at(settings, 'apisix.id', str, None)
        self.credentials = Credentials(settings)

    def endpoints(self):
        text = from_environment('ENDPOINTS')
        try:
            endpoints = json.loads(text) if text else self.configured_endpoints
        except ValueError as error:
            raise BadSettings(f'API7_CONTROL_PLANE_ENDPOINTS is not a JSON array: {error}') from error
        if not isinstance(endpoints, list) or not endpoints or not all(isinstance(e, str) for e in endpoints):
            raise BadSettings('API7_CONTROL_PLANE_ENDPOINTS must be a JSON array with at least one URL')
        for endpoint in endpoints:
            if urlsplit(endpoint).scheme not in ('http', 'https'):
                raise BadSettings(f'{endpoint}: an endpoint begins with http:// or https://')
        return [endpoint.rstrip('/') for endpoint in endpoints]


def node_listen(settings):
    value = at(settings, 'apisix.node_listen', (int, list), 9080)
    return ports_in('apisix.node_listen', value if isinstance(value, list) else [value])


def tls_listen(settings):
    if not at(settings, 'apisix.ssl.enable', bool, True):
        return []
    return ports_in('apisix.ssl.listen', at(settings, 'apisix.ssl.listen', list, [9443]))


def ports_in(key, entries):
    ports = [entry.get('port') if isinstance(entry, dict) else entry for entry in entries]
    for port in ports:
        if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
            raise BadSettings(f'{key}: {port!r} is not a port')
    return ports


def streams(settings):
    """What nginx is to listen on for each port of stream_proxy, by the number of the port."""
    mode = at(settings, 'apisix.proxy_mode', str, 'http')
    if mode not in ('http', 'http&stream'):
        raise BadSettings(f'apisix.proxy_mode: this stand-in has http and http&stream, not "{mode}"')
    found = []
    for protocol in ('tcp', 'udp'):
        key = f'apisix.stream_proxy.{protocol}'
        for entry in at(settings, key, list, []):
            address = entry.get('addr') if isinstance(entry, dict) else entry
            parts = re.fullmatch(r'(?:([0-9.]+):)?(\d{1,5})', str(address))
            if not parts or isinstance(address, bool) or not 0 < int(parts[2]) < 65536:
                raise BadSettings(f'{key}: {address!r} is neither a port nor address:port')
            tls = isinstance(entry, dict) and entry.get('tls') is True
            suffix = ' udp' if protocol == 'udp' else ' ssl' if tls else ''
            found.append((int(parts[2]), f'{address}{suffix}'))
    if found and mode == 'http':
        # As of APISIX, which says nothing then.
        log('warn', 'apisix.stream_proxy is not used: that needs apisix.proxy_mode "http&stream"')
        return []
    return found


def status_listen(settings):
    """Absent means that nothing listens."""
    if at(settings, 'apisix.status', dict, None) is None:
        return None
    ip = at(settings, 'apisix.status.ip', str, '127.0.0.1')
    if not re.fullmatch(r'[0-9.]+', ip):
        raise BadSettings(f'apisix.status.ip: "{ip}" is not an IPv4 address')
    return f'{ip}:{port_at(settings, "apisix.status.port", 7085)}'


def instance_id(gateway):
    """Kept in conf/apisix.uid so that a recreated container is the same instance."""
    try:
        with open(UID_FILE, encoding='ascii') as file:
            kept = file.read().strip()
        if kept:
            return kept
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        log('warn', f'cannot read {UID_FILE}: {error}')
    fresh = gateway.id or str(uuid.uuid4())
    try:
        with open(UID_FILE, 'w', encoding='ascii') as file:
            file.write(fresh)
    except OSError as error:
        log('warn', f'cannot keep the instance id in {UID_FILE}: {error.strerror}')
    return fresh
