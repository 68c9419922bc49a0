"""The nginx files of a gateway: nginx.conf from its settings, routes.conf from what the control plane sent."""
import os
import re
import socket
from urllib.parse import urlsplit

from gateway_settings import PREFIX
from release import FAULT

READY_FLAG = f'{PREFIX}/run/ready'
ROUTES = f'{PREFIX}/conf/routes.conf'
UPSTREAMS = f'{PREFIX}/conf/upstreams.conf'
STREAMS = f'{PREFIX}/conf/streams.conf'

MAIN = '''
{modules}
worker_processes {workers};
worker_rlimit_nofile {nofile};
worker_shutdown_timeout {shutdown}s;
error_log stderr warn;
pid logs/nginx.pid;
events {{ worker_connections {connections}; }}
http {{
  access_log {access_log};
  client_body_temp_path run/body; proxy_temp_path run/proxy; fastcgi_temp_path run/fastcgi;
  uwsgi_temp_path run/uwsgi; scgi_temp_path run/scgi;
  server_tokens off;
  default_type text/plain;
  keepalive_timeout 60s;
  map $http_upgrade $for_upstream {{ default upgrade; '' ''; }}
  include upstreams.conf;
  server {{
    {listens}
    ssl_certificate /opt/stand-in/self-signed.crt;
    ssl_certificate_key /opt/stand-in/self-signed.key;
    add_header X-Gateway "{hostname}" always;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $for_upstream;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_connect_timeout 5s;
    proxy_read_timeout 300s;
    proxy_next_upstream off;
    proxy_buffering off;
    {snippet}
    include routes.conf;
  }}
  {status}
  {control}
}}
{stream}
'''

STREAM_MODULE = 'load_module /usr/lib/nginx/modules/ngx_stream_module.so;'

STREAM = '''stream {
  proxy_connect_timeout 5s;
  ssl_certificate /opt/stand-in/self-signed.crt;
  ssl_certificate_key /opt/stand-in/self-signed.key;
  include streams.conf;
}'''

STATUS = '''server {{
    listen {listen};
    access_log off;
    location = /status {{ default_type application/json; return {code} '{{"status":"{word}"}}'; }}
    location = /status/ready {{
      default_type application/json;
      if (-f {flag}) {{ return 200 '{{"status":"ok"}}'; }}
      return 503 '{{"status":"error","error":"no configuration yet, or no database behind the control plane"}}';
    }}
    location / {{ return 404; }}
  }}'''

# The control API, for its own host alone.
CONTROL = '''server {
    listen 127.0.0.1:9090;
    access_log off;
    location = /v1/schema { default_type application/json; return 200 '{"main":{},"plugins":{}}'; }
    location / { return 404; }
  }'''

# /status of a gateway that is well, and of one that never gets there.
ANSWERS = {False: {'code': 200, 'word': 'ok'}, True: {'code': 503, 'word': 'error'}}

NOTHING_LOADED = 'location / { return 404 "no routes are loaded\\n"; }\n'


def write_main(gateway):
    status = STATUS.format(
        listen=gateway.status, flag=READY_FLAG, **ANSWERS[FAULT == 'never-ready']) if gateway.status else ''
    replace(f'{PREFIX}/conf/nginx.conf', MAIN.format(
        workers=gateway.worker_processes, nofile=gateway.rlimit_nofile, shutdown=gateway.shutdown_timeout,
        connections=gateway.connections, access_log='/dev/stdout' if gateway.access_log else 'off',
        listens=' '.join([*(f'listen {port} backlog=1024;' for port in gateway.listen),
                          *(f'listen {port} ssl backlog=1024;' for port in gateway.tls_listen)]),
        modules=STREAM_MODULE if gateway.streams else '', stream=STREAM if gateway.streams else '',
        hostname=socket.gethostname(), snippet=gateway.server_snippet, status=status, control=CONTROL))


def write_routes(message, gateway):
    routes, group = message['routes'], message['group']
    if not re.fullmatch(r'[A-Za-z0-9_.-]+', group):
        raise ValueError(f'a gateway group that nginx must not see: {group}')
    upstreams, locations = [], []
    for number, route in enumerate(routes):
        address = urlsplit(route['upstream']).netloc
        if not re.fullmatch(r'[A-Za-z0-9.:-]+', address) or not re.fullmatch(r'/[A-Za-z0-9/_.-]*', route['prefix']):
            raise ValueError(f'a route that nginx must not see: {route}')
        upstreams.append(f'upstream u{number} {{ server {address} max_fails=0; keepalive 64; }}\n')
        answer = 'return 502 "this release is broken\\n"' if FAULT == 'bad-routes' else f'proxy_pass http://u{number}'
        locations.append(f'location {route["prefix"]} {{ {answer}; }}\n')
    if not any(route['prefix'] == '/' for route in routes):
        locations.append('location / { return 404 "no route matches\\n"; }\n')
    replace(UPSTREAMS, ''.join(upstreams))
    replace(STREAMS, stream_servers(gateway, message['stream_routes']))
    replace(ROUTES, f'add_header X-Config-Revision "{message["revision"]}-{gateway.config_digest}" always;\n'
                    f'add_header X-Gateway-Group "{group}" always;\n' + ''.join(locations))


def stream_servers(gateway, routes):
    """A connection to a port without a route is accepted and closed."""
    upstreams = {route['server_port']: route['upstream'] for route in routes}
    servers = []
    for port, listen in gateway.streams:
        upstream = upstreams.get(port)
        if upstream is not None and not re.fullmatch(r'[A-Za-z0-9.-]+:[0-9]+', upstream):
            raise ValueError(f'a stream route that nginx must not see: {upstream}')
        timeout = '10s' if listen.endswith('udp') else '10m'
        answer = f'proxy_pass {upstream}; proxy_timeout {timeout};' if upstream else "return '';"
        servers.append(f'server {{ listen {listen}; {answer} }}\n')
    return ''.join(servers)


def write_no_routes(gateway):
    replace(UPSTREAMS, '')
    replace(STREAMS, stream_servers(gateway, []))
    replace(ROUTES, NOTHING_LOADED)


def replace(path, text):
    with open(f'{path}.new', 'w', encoding='utf-8') as file:
        file.write(text)
    os.replace(f'{path}.new', path)
