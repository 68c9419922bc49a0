"""The `apisix` command of the gateway stand-in: init checks and renders, start runs nginx and its agent."""
import http.client
import os
import signal
import ssl
import subprocess
import sys
import time

from control_plane import connect
from gateway_settings import PREFIX, Gateway, instance_id
from nginx_conf import READY_FLAG, write_main, write_no_routes
from release import VERSION
from service_log import die, log
from settings import BadSettings

NGINX = ['/usr/sbin/nginx', '-e', 'stderr', '-p', PREFIX, '-c', 'conf/nginx.conf']
PID_FILE = f'{PREFIX}/logs/nginx.pid'
AGENT = [sys.executable, '-S', '-E', '/opt/stand-in/gateway_agent.pyc']
STARTUP_TRIES = 3


def init():
    gateway = Gateway()
    write_main(gateway)
    write_no_routes(gateway)
    return gateway


def test():
    # As of the real one: `init` only renders, and this alone has nginx read the result.
    init()
    if subprocess.run([*NGINX, '-q', '-t'], check=False).returncode != 0:
        raise BadSettings('configuration test failed')
    print('configuration test is successful')


def more_than_half_answer(endpoints, credentials):
    answered, silent = 0, []
    for endpoint in endpoints:
        problem = 'not tried'
        for attempt in range(STARTUP_TRIES):
            if attempt:
                time.sleep(1)
            problem = ask_version(endpoint, credentials)
            if problem is None:
                break
        if problem is None:
            answered += 1
        else:
            silent.append(f'{endpoint} ({problem})')
    if answered * 2 <= len(endpoints):
        raise BadSettings(f'{answered} of {len(endpoints)} control plane endpoints answer, more than half must: '
                          + ', '.join(silent))


def ask_version(endpoint, credentials):
    try:
        connection = connect(endpoint, 3, credentials)
        connection.request('GET', '/version')
        status = connection.getresponse().status
        connection.close()
        return None if status == 200 else f'status {status}'
    except ssl.SSLEOFError as error:
        # Of a balancer that has no control plane to pass the connection to.
        return str(error)
    except ssl.SSLError as error:
        # There is a control plane, but it and this gateway do not trust each other, as with a token that is wrong.
        log('error', f'{endpoint}: {error}')
        return None
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__


def start():
    # As process 1 there are no default actions: a stop during the start must end it too.
    for number in (signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    gateway = init()
    more_than_half_answer(gateway.endpoints(), gateway.credentials)
    instance_id(gateway)
    for stale in (PID_FILE, READY_FLAG):
        if os.path.exists(stale):
            os.unlink(stale)
    supervise()


def supervise():
    nginx = subprocess.Popen([*NGINX, '-g', 'daemon off;'])
    stopping = False
    agent = None

    def stop(number, _):
        nonlocal stopping
        stopping = True
        log('info', f'{signal.Signals(number).name}: nginx {"quits gracefully" if number == signal.SIGQUIT else "stops"}')
        # The agent goes first: nothing may reload nginx while it quits.
        if agent is not None:
            agent.kill()
        nginx.send_signal(number)

    for number in (signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    for number in (signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, lambda number, _: nginx.send_signal(number))
    # nginx writes this file once it handles signals; the agent's first reload must not come earlier.
    while not os.path.exists(PID_FILE) and nginx.poll() is None:
        time.sleep(0.01)
    if nginx.returncode is None and not stopping:
        agent = subprocess.Popen([*AGENT, str(nginx.pid)])
    while nginx.returncode is None:
        pid, status = os.wait()
        if pid == nginx.pid:
            nginx.returncode = os.waitstatus_to_exitcode(status)
        elif agent is not None and pid == agent.pid and not stopping:
            log('error', f'the agent ended with {os.waitstatus_to_exitcode(status)}, starting it again')
            time.sleep(1)
            agent = subprocess.Popen([*AGENT, str(nginx.pid)])
    if agent is not None:
        agent.kill()
    log('info', f'nginx ended with {nginx.returncode}')
    sys.exit(nginx.returncode if nginx.returncode >= 0 else 128 - nginx.returncode)


def tell(number):
    with open(PID_FILE, encoding='ascii') as file:
        os.kill(int(file.read()), number)


COMMANDS = {
    'init': init,
    'test': test,
    'start': start,
    'quit': lambda: tell(signal.SIGQUIT),
    'stop': lambda: tell(signal.SIGTERM),
    'version': lambda: print(VERSION),
}

if __name__ == '__main__':
    name = sys.argv[1] if len(sys.argv) > 1 else ''
    if name not in COMMANDS:
        die(f'usage: apisix {"|".join(COMMANDS)}')
    try:
        COMMANDS[name]()
    except BadSettings as problem:
        die(str(problem))
    except OSError as problem:
        die(f'{name}: {problem}')
