"""Stand-in for api7-ee-3-integrated: migrates the database, then serves the page, its version and its health."""
import sys
import time

from database import Database, Pulse
from http_service import context_of, own_certificate, serve, serve_tls
from migrations import migrate, schema_in
from release import VERSION
from service_log import die, log
from settings import BadSettings, load

CONFIG = '/app/conf/config.yaml'
SELF_SIGNED = ('/opt/stand-in/self-signed.crt', '/opt/stand-in/self-signed.key')
PAGE = '''<!doctype html>
<html lang="en"><meta charset="utf-8"><title>API7 Dashboard</title>
<body><h1>API7 Dashboard</h1><p>Release {release}. This is the stand-in that the lab runs.</p></body></html>
'''


def main():
    release = VERSION
    settings = load(CONFIG)
    database = Database(settings, 'api7-dashboard')
    pulse = Pulse(database, schema_in)

    def health(request):
        if pulse.healthy():
            request.json(200, {'status': 'ok'})
        else:
            request.json(503, {'status': 'error', 'database': pulse.reason or 'no response'})

    routes = {
        ('GET', '/healthz'): health,
        ('GET', '/api/version'): lambda request: request.json(200, {'value': f'v{release}'}),
        ('GET', '/'): lambda request: request.text(200, PAGE.format(release=release), 'text/html; charset=utf-8'),
    }
    context = context_of(*(own_certificate(settings) or SELF_SIGNED))
    serve(settings, 7080, routes)
    serve_tls(settings, 7443, routes, lambda: context)
    link = database.first_connection()
    found, wanted = migrate(link, release)
    link.close()
    if found > wanted:
        die(f'the database has schema {found}, release {release} knows {wanted}: restore a backup of that release')
    log('info', f'database schema {found} -> {wanted}' if found < wanted else f'database schema {wanted} is current')
    pulse.start()
    while True:
        time.sleep(3600)


try:
    main()
except BadSettings as problem:
    die(str(problem))
except OSError as problem:
    die(f'cannot start: {problem}')
except KeyboardInterrupt:
    sys.exit(0)
