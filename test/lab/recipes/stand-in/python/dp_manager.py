"""Stand-in for api7-ee-dp-manager: feeds each gateway, known by token or certificate, the configuration of its group."""
import hashlib
import json
import ssl
import sys
import time

from database import Database, Pulse
from dp_manager_tls import Identity, group_in
from http_service import serve, serve_tls
from migrations import schema_in, schema_of
from release import VERSION
from service_log import die, log
from settings import BadSettings, load

CONFIG = '/usr/local/api7/conf/config.yaml'
WATCH_PULSE = 2


def main():
    release = VERSION
    wanted = schema_of(release)
    settings = load(CONFIG)
    database = Database(settings, 'api7-dp-manager')
    pulse = Pulse(database, lambda cursor: configuration(cursor, wanted))
    identity = Identity(settings)

    def health(request):
        if not pulse.healthy():
            request.json(503, {'status': 'error', 'database': pulse.reason or 'no response'})
        elif pulse.answer is None:
            request.json(503, {'status': 'error', 'database': 'waits for the dashboard to migrate it'})
        else:
            request.json(200, {'status': 'ok'})

    def group_of(request):
        answer = pulse.answer or {}
        if isinstance(request.connection, ssl.SSLSocket):
            proof = 'certificate'
            group = group_in(request.connection.getpeercert())
            group = group if group in answer.get('groups', ()) else None
        else:
            proof = 'token'
            token = request.headers.get('Control-Plane-Token') or ''
            group = answer.get('tokens', {}).get(hashlib.sha256(token.encode()).hexdigest())
        if pulse.answer is None:
            request.json(503, {'error_msg': 'no configuration yet'})
        elif group is None and proof == 'certificate':
            request.json(403, {'error_msg': 'the certificate names no gateway group'})
        elif group is None:
            request.json(401, {'error_msg': 'the Control-Plane-Token is missing or unknown'})
        elif request.query.get('gateway_group', group) != group:
            request.json(403, {'error_msg': f'the {proof} belongs to another gateway group'})
        else:
            return group
        return None

    def watch(request):
        group = group_of(request)
        if group is None:
            return
        request.send_response(200)
        request.send_header('Content-Type', 'application/x-ndjson')
        request.send_header('Transfer-Encoding', 'chunked')
        request.end_headers()
        log('info', f'{request.client_address[0]} watches group {group}')
        sent = None
        while True:
            answer = pulse.answer
            line = {'revision': answer['revision'], 'database': 'ok' if pulse.healthy() else 'away'}
            if sent != answer:
                line['group'] = group
                line['routes'] = answer['routes'].get(group, [])
                line['stream_routes'] = answer['stream_routes'].get(group, [])
                sent = answer
            data = json.dumps(line).encode() + b'\n'
            request.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))
            with pulse.changed:
                pulse.changed.wait_for(lambda: pulse.answer != sent, WATCH_PULSE)

    def heartbeat(request):
        if group_of(request) is None:
            return
        try:
            beat = json.loads(request.body)
            row = (str(beat['instance_id']), str(beat['hostname']), str(beat.get('ip', '')), str(beat['version']),
                   int(beat.get('revision', 0)))
        except (ValueError, KeyError, TypeError) as error:
            request.json(400, {'error_msg': f'not a heartbeat: {error!r}'})
            return
        link = database.connect()
        try:
            with link.cursor() as cursor:
                cursor.execute(
                    'INSERT INTO gateway_instance (id, hostname, ip, version, revision, last_heartbeat)'
                    ' VALUES (%s, %s, %s, %s, %s, now()) ON CONFLICT (id) DO UPDATE SET hostname = excluded.hostname,'
                    ' ip = excluded.ip, version = excluded.version, revision = excluded.revision, last_heartbeat = now()',
                    row)
        finally:
            link.close()
        request.json(200, {})

    routes = {
        ('GET', '/healthz'): health,
        ('GET', '/version'): lambda request: request.json(200, {'etcdserver': '3.5.0', 'etcdcluster': '3.5.0'}),
        ('GET', '/api/dataplane/watch'): watch,
        ('POST', '/api/dataplane/heartbeat'): heartbeat,
    }
    serve(settings, 7900, routes)
    serve_tls(settings, 7943, routes, lambda: identity.context_for((pulse.answer or {}).get('identity')))
    database.first_connection().close()
    pulse.start()
    log('info', f'release {release} waits for database schema {wanted}')
    with pulse.changed:
        pulse.changed.wait_for(lambda: pulse.answer is not None)
    log('info', 'the database is migrated, serving')
    while True:
        time.sleep(3600)


def configuration(cursor, wanted):
    if schema_in(cursor) < wanted:
        return None
    cursor.execute('SELECT value FROM config_revision')
    revision = cursor.fetchone()[0]
    cursor.execute('SELECT gateway_group, prefix, upstream FROM route ORDER BY gateway_group, prefix')
    routes = {}
    for group, prefix, upstream in cursor.fetchall():
        routes.setdefault(group, []).append({'prefix': prefix, 'upstream': upstream})
    cursor.execute('SELECT gateway_group, server_port, upstream FROM stream_route ORDER BY gateway_group, server_port')
    stream_routes = {}
    for group, port, upstream in cursor.fetchall():
        stream_routes.setdefault(group, []).append({'server_port': port, 'upstream': upstream})
    cursor.execute('SELECT short_id FROM gateway_group ORDER BY short_id')
    groups = [short_id for short_id, in cursor.fetchall()]
    cursor.execute('SELECT ca, certificate, private_key FROM dp_manager_identity')
    row = cursor.fetchone()
    cursor.execute('SELECT sha256, gateway_group FROM gateway_token')
    return {'revision': revision, 'routes': routes, 'stream_routes': stream_routes, 'groups': groups,
            'identity': row and dict(zip(('ca', 'certificate', 'private_key'), row)), 'tokens': dict(cursor.fetchall())}


try:
    main()
except BadSettings as problem:
    die(str(problem))
except OSError as problem:
    die(f'cannot start: {problem}')
except KeyboardInterrupt:
    sys.exit(0)
