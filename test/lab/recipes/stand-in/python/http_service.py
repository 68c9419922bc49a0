"""A small threaded HTTP/1.1 server: a table of (method, path) to functions that take the request."""
import json
import signal
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from service_log import log
from settings import BadSettings, at, port_at

HANDSHAKE_WITHIN = 10


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            log('error', f'request from {client_address[0]}: {error!r}')


class TlsServer(Server):
    """Shakes hands in the thread of the connection. The context may not be there yet: then nobody is let in."""
    context = staticmethod(lambda: None)

    def finish_request(self, request, client_address):
        context = self.context()
        if context is None:
            return
        request.settimeout(HANDSHAKE_WITHIN)
        link = context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        try:
            link.do_handshake()
        except OSError as error:
            log('warn', f'TLS handshake with {client_address[0]}: {error}')
            let_read_the_alert(link)
            return
        try:
            self.RequestHandlerClass(link, client_address, self)
        finally:
            link.close()


def let_read_the_alert(link):
    """A connection that is closed with something unread is reset, and the alert is lost with it."""
    plain = socket.socket(fileno=link.detach())
    try:
        plain.settimeout(1)
        plain.shutdown(socket.SHUT_WR)
        while plain.recv(4096):
            pass
    except OSError:
        pass
    finally:
        plain.close()


class Request(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version, sys_version = 'api7', ''
    timeout = 60
    # Without this each answer waits for the client's delayed acknowledgement of its header.
    disable_nagle_algorithm = True
    routes = {}

    def _serve(self):
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        length = int(self.headers.get('Content-Length') or 0)
        self.body = self.rfile.read(min(length, 1 << 20)) if length else b''
        route = self.routes.get((self.command, url.path))
        if route is None:
            self.json(404, {'error_msg': f'no {self.command} {url.path} here'})
        else:
            route(self)

    do_GET = do_POST = do_PUT = _serve

    def do_HEAD(self):
        self.command = 'GET'
        self.headless = True
        self._serve()

    headless = False

    def json(self, status, value):
        self.text(status, json.dumps(value), 'application/json')

    def text(self, status, text, kind='text/plain; charset=utf-8'):
        body = text.encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if not self.headless:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(settings, default_port, routes):
    """Listens in the background on server.listen, unless that is disabled; SIGTERM ends the process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if not at(settings, 'server.listen.disable', bool, False):
        listen(settings, 'server.listen', default_port, type('Routed', (Request,), {'routes': routes}), Server)


def serve_tls(settings, default_port, routes, context):
    """The same on server.tls, with the TLS context that the function gives for each connection."""
    if not at(settings, 'server.tls.disable', bool, False):
        server = type('Wrapped', (TlsServer,), {'context': staticmethod(context)})
        listen(settings, 'server.tls', default_port, type('Routed', (Request,), {'routes': routes}), server)


def listen(settings, block, default_port, handler, kind):
    host = at(settings, f'{block}.host', str, '0.0.0.0')
    port = port_at(settings, f'{block}.port', default_port)
    threading.Thread(target=kind((host, port), handler).serve_forever, daemon=True).start()
    log('info', f'listening on {host}:{port}{" with TLS" if kind is not Server else ""}')


def own_certificate(settings):
    """The paths in server.tls of certificate and key, None when both are left empty."""
    files = [at(settings, f'server.tls.{name}', str, '') for name in ('cert_file', 'key_file')]
    if any(files) and not all(files):
        raise BadSettings('server.tls: cert_file and key_file go together')
    return files if all(files) else None


def context_of(cert_file, key_file):
    """A TLS context for a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for path in (cert_file, key_file):
        try:
            open(path, 'rb').close()
        except OSError as error:
            raise BadSettings(f'cannot read {path}: {error.strerror}') from error
    try:
        # Without a passphrase: nothing may wait for one to be typed.
        context.load_cert_chain(cert_file, key_file, password='')
    except (OSError, ValueError) as error:
        raise BadSettings(f'{cert_file} and {key_file} are not a certificate with its key: {error}') from error
    return context
