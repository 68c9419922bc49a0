"""Holds the long-lived watch to a dp-manager, hands what it sends to nginx, reports heartbeats."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import quote

from control_plane import connect, from_environment
from gateway_settings import PREFIX, Gateway, instance_id
from nginx_conf import READY_FLAG, write_routes
from release import VERSION
from service_log import die, log
from settings import BadSettings

SILENCE = 8
HEARTBEAT = 10


class Agent:
    def __init__(self, nginx_pid):
        self.nginx_pid = nginx_pid
        self.gateway = Gateway()
        self.endpoints = self.gateway.endpoints()
        self.headers = {'Control-Plane-Token': from_environment('TOKEN') or ''}
        self.group = os.environ.get('API7_GATEWAY_GROUP_SHORT_ID') or 'default'
        self.revision = None

    def run(self):
        threading.Thread(target=self.beat, daemon=True).start()
        turn = 0
        while True:
            endpoint = self.endpoints[turn % len(self.endpoints)]
            try:
                self.watch(endpoint)
                log('warn', f'{endpoint} ended the watch, connecting again')
            except (OSError, http.client.HTTPException, ValueError) as error:
                log('warn', f'watch of {endpoint}: {error}')
            self.ready(False)
            turn += 1
            time.sleep(0.5)

    def watch(self, endpoint):
        connection = connect(endpoint, SILENCE, self.gateway.credentials)
        try:
            path = f'/api/dataplane/watch?gateway_group={quote(self.group)}'
            connection.request('GET', path, headers=self.headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise ValueError(f'status {answer.status}: {answer.read(200).decode(errors="replace")}')
            log('info', f'watching {endpoint}')
            while line := answer.readline():
                message = json.loads(line)
                if 'routes' in message and message['revision'] != self.revision:
                    self.load(message)
                self.ready(message['database'] == 'ok' and self.revision is not None)
        finally:
            connection.close()

    def load(self, message):
        write_routes(message, self.gateway)
        subprocess.run(['/usr/sbin/nginx', '-q', '-t', '-e', 'stderr', '-p', PREFIX, '-c', 'conf/nginx.conf'], check=True)
        os.kill(self.nginx_pid, signal.SIGHUP)
        self.revision = message['revision']
        log('info', f'loaded revision {self.revision} of group {message["group"]} with {len(message["routes"])} routes')

    def ready(self, ready):
        if ready:
            open(READY_FLAG, 'w', encoding='ascii').close()
        elif os.path.exists(READY_FLAG):
            os.unlink(READY_FLAG)

    def beat(self):
        beat = {'instance_id': instance_id(self.gateway), 'hostname': socket.gethostname(),
                'version': VERSION}
        while True:
            try:
                # Only ever the first endpoint: that is how the real agent does it.
                connection = connect(self.endpoints[0], 5, self.gateway.credentials)
                body = json.dumps({**beat, 'revision': self.revision or 0})
                connection.request('POST', '/api/dataplane/heartbeat', body, self.headers)
                if (status := connection.getresponse().status) != 200:
                    log('warn', f'heartbeat: status {status}')
                connection.close()
            except (OSError, http.client.HTTPException) as error:
                log('warn', f'heartbeat: {error}')
            time.sleep(HEARTBEAT)


if __name__ == '__main__':
    try:
        Agent(int(sys.argv[1])).run()
    except BadSettings as problem:
        die(str(problem))
    except subprocess.CalledProcessError as problem:
        die(f'nginx refuses the new routes: {problem}')
