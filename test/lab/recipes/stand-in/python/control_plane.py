"""Connections of a gateway to its control plane: plain with a token, or TLS with a certificate of its own."""
import http.client
import os
import ssl
from urllib.parse import urlsplit

from settings import BadSettings, at

# Where the real one writes what it finds in its environment.
CERT, KEY, CA = '/tmp/api7ee.crt', '/tmp/api7ee.key', '/tmp/api7ee_ca.crt'


class Credentials:
    """What the environment says, else what config.yaml says as APISIX does below deployment.etcd.tls."""

    def __init__(self, settings):
        self.cert = written(CERT, 'CERT') or at(settings, 'deployment.etcd.tls.cert', str, None)
        self.key = written(KEY, 'KEY') or at(settings, 'deployment.etcd.tls.key', str, None)
        self.ca = written(CA, 'CA') or at(settings, 'apisix.ssl.ssl_trusted_certificate', str, None)
        self.sni = from_environment('SNI') or at(settings, 'deployment.etcd.tls.sni', str, None)
        self.verify = at(settings, 'deployment.etcd.tls.verify', bool, True)
        if bool(self.cert) != bool(self.key):
            raise BadSettings('the certificate for the control plane and its key go together')
        self.context = self._context()

    def _context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            if self.ca:
                context.load_verify_locations(self.ca)
            if self.cert:
                context.load_cert_chain(self.cert, self.key, password='')
        except (OSError, ValueError) as error:
            raise BadSettings(f'the certificate for the control plane cannot be used: {error}') from error
        return context


class TlsConnection(http.client.HTTPConnection):
    default_port = 443

    def __init__(self, host, port, timeout, credentials):
        super().__init__(host, port, timeout=timeout)
        self.context, self.name = credentials.context, credentials.sni or host

    def connect(self):
        super().connect()
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.name)


def connect(endpoint, timeout, credentials):
    url = urlsplit(endpoint)
    if url.scheme == 'https':
        return TlsConnection(url.hostname, url.port, timeout, credentials)
    return http.client.HTTPConnection(url.hostname, url.port or 80, timeout=timeout)


def from_environment(name):
    """The newer names win over the older ones."""
    return os.environ.get(f'API7_DP_MANAGER_{name}') or os.environ.get(f'API7_CONTROL_PLANE_{name}')


def written(path, name):
    text = from_environment(name)
    if not text:
        return None
    with open(path, 'w', encoding='utf-8', opener=only_ours) as file:
        file.write(text if text.endswith('\n') else f'{text}\n')
    return path


def only_ours(path, flags):
    return os.open(path, flags, 0o600)
