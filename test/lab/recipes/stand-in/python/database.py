"""PostgreSQL by its DSN: a first connection that tells a wrong DSN from a database that is away, and a pulse."""
import re
import threading
import time

import psycopg2

from service_log import log
from settings import BadSettings, at, seconds_at

FATAL = ('authentication failed', 'does not exist', 'no pg_hba.conf entry', 'could not translate host name',
         'is not permitted to log in', 'no password supplied', 'server does not support SSL')
FIRST_CONNECTION_WITHIN = 30
STALE_AFTER = 3


class Database:
    def __init__(self, settings, name):
        self.dsn = at(settings, 'database.dsn', str, None)
        self.timeout = seconds_at(settings, 'database.timeout', '5s')
        self.name = name
        if not self.dsn:
            raise BadSettings('database.dsn is missing')
        if not re.match(r'postgres(ql)?://', self.dsn):
            raise BadSettings('database.dsn must begin with postgres://')

    def connect(self):
        try:
            link = psycopg2.connect(self.dsn, connect_timeout=max(self.timeout, 2), application_name=self.name)
        except psycopg2.ProgrammingError as error:
            # libpq quotes the part it could not read, which may be the password.
            raise BadSettings(f'database.dsn is not a connection URI: {unquoted(error)}') from error
        link.autocommit = True
        return link

    def first_connection(self):
        deadline = time.monotonic() + FIRST_CONNECTION_WITHIN
        while True:
            try:
                return self.connect()
            except psycopg2.OperationalError as error:
                reason = ' '.join(str(error).split())
                if any(sign in reason for sign in FATAL):
                    raise BadSettings(f'the database refuses database.dsn: {reason}') from error
                if time.monotonic() > deadline:
                    raise BadSettings(f'no database within {FIRST_CONNECTION_WITHIN} s: {reason}') from error
                log('warn', f'database is away, trying again: {reason}')
                time.sleep(1)


class Pulse:
    """Asks the database twice a second on a connection of its own; stale or failed means away."""

    def __init__(self, database, ask):
        self.database, self.ask = database, ask
        self.changed = threading.Condition()
        self.answer, self.answered_at, self.reason = None, None, 'not asked yet'

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def healthy(self):
        return self.answered_at is not None and time.monotonic() - self.answered_at < STALE_AFTER

    def _run(self):
        link = None
        while True:
            try:
                link = link or self.database.connect()
                with link.cursor() as cursor:
                    answer = self.ask(cursor)
                with self.changed:
                    if answer != self.answer:
                        self.answer = answer
                        self.changed.notify_all()
                    self.answered_at, self.reason = time.monotonic(), None
            except (psycopg2.Error, BadSettings) as error:
                reason = ' '.join(str(error).split())
                if self.reason is None:
                    log('error', f'database is away: {reason}')
                self.answered_at, self.reason = None, reason
                if link is not None:
                    link.close()
                link = None
            time.sleep(0.5)


def unquoted(error):
    return re.sub(r'"[^"]*"', '"..."', ' '.join(str(error).split()))
