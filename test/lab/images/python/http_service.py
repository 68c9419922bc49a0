"""A small threaded HTTP/1.1 server: a table of (method, path) to functions that take the request."""
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from service_log import log
from settings import at, port_at


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            log('error', f'request from {client_address[0]}: {error!r}')


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
    """Listens in the background on server.listen; SIGTERM ends the process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    host = at(settings, 'server.listen.host', str, '0.0.0.0')
    port = port_at(settings, 'server.listen.port', default_port)
    server = Server((host, port), type('Routed', (Request,), {'routes': routes}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log('info', f'listening on {host}:{port}')
