"""One line per event on stderr, as `docker logs` shows it."""
import sys
import time


def log(level, message):
    stamp = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
    print(f'{stamp} {level} {message}', file=sys.stderr, flush=True)


def die(message):
    log('fatal', message)
    sys.exit(1)
