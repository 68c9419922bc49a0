"""The schema, one step per release line. A dashboard migrates on start; nothing ever migrates downwards."""
LOCK = 727_001

STEPS = [
    ('3.2', '''
        CREATE TABLE gateway_group (short_id text PRIMARY KEY, name text NOT NULL);
        CREATE TABLE route (
          id serial PRIMARY KEY,
          gateway_group text NOT NULL REFERENCES gateway_group,
          prefix text NOT NULL CHECK (prefix ~ '^/[A-Za-z0-9/_.-]*$'),
          upstream text NOT NULL CHECK (upstream ~ '^http://[A-Za-z0-9.:-]+/?$'),
          UNIQUE (gateway_group, prefix));
        CREATE TABLE stream_route (
          id serial PRIMARY KEY,
          gateway_group text NOT NULL REFERENCES gateway_group,
          server_port integer NOT NULL CHECK (server_port BETWEEN 1 AND 65535),
          upstream text NOT NULL CHECK (upstream ~ '^[A-Za-z0-9.-]+:[0-9]+$'),
          UNIQUE (gateway_group, server_port));
        CREATE TABLE gateway_token (sha256 text PRIMARY KEY, gateway_group text NOT NULL REFERENCES gateway_group);
        CREATE TABLE gateway_instance (
          id text PRIMARY KEY, hostname text, ip text, version text, revision bigint, last_heartbeat timestamptz);
        CREATE TABLE config_revision (value bigint NOT NULL);
        INSERT INTO config_revision VALUES (1);
        CREATE FUNCTION bump_config_revision() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN UPDATE config_revision SET value = value + 1; RETURN NULL; END';
        CREATE TRIGGER route_changed AFTER INSERT OR UPDATE OR DELETE ON route
          FOR EACH STATEMENT EXECUTE FUNCTION bump_config_revision();
        CREATE TRIGGER stream_route_changed AFTER INSERT OR UPDATE OR DELETE ON stream_route
          FOR EACH STATEMENT EXECUTE FUNCTION bump_config_revision();
        -- Who issues the certificates of gateways, and what DP Manager shows them unless it is given a file.
        CREATE TABLE dp_manager_identity (ca text NOT NULL, certificate text NOT NULL, private_key text NOT NULL);
        INSERT INTO gateway_group VALUES ('default', 'default'), ('edge', 'edge');
        -- What whoever made the database wants the gateway groups to know.
        INSERT INTO route (gateway_group, prefix, upstream)
          SELECT 'default', '/', address FROM current_setting('lab.upstream', true) address WHERE address <> '';
        INSERT INTO gateway_token
          SELECT digest, 'default' FROM current_setting('lab.gateway_token_sha256', true) digest WHERE digest <> '';
        INSERT INTO route (gateway_group, prefix, upstream)
          SELECT 'edge', prefix, address FROM current_setting('lab.upstream', true) address,
            unnest(ARRAY['/', '/edge/']) prefix WHERE address <> '';
        INSERT INTO stream_route (gateway_group, server_port, upstream)
          SELECT 'edge', 9000, address FROM current_setting('lab.stream_upstream', true) address WHERE address <> '';
        INSERT INTO gateway_token
          SELECT digest, 'edge' FROM current_setting('lab.edge_token_sha256', true) digest WHERE digest <> '';
        INSERT INTO dp_manager_identity
          SELECT ca, current_setting('lab.dp_manager_certificate'), current_setting('lab.dp_manager_key')
          FROM current_setting('lab.ca', true) ca WHERE ca <> '';
        '''),
    ('3.9', 'ALTER TABLE gateway_instance ADD COLUMN cores integer;'),
    ('3.10', 'ALTER TABLE gateway_instance ADD COLUMN ports integer[];'),
]


def schema_of(release):
    """The schema number of a release such as 3.10.5."""
    line = '.'.join(release.split('.')[:2])
    return [name for name, _ in STEPS].index(line) + 1


def schema_in(cursor):
    """The schema number found in the database, 0 for an empty one."""
    cursor.execute("SELECT to_regclass('schema_version') IS NOT NULL")
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute('SELECT coalesce(max(version), 0) FROM schema_version')
    return cursor.fetchone()[0]


def migrate(link, release):
    """Brings the database to the schema of this release; returns the numbers before and after."""
    wanted = schema_of(release)
    with link.cursor() as cursor:
        cursor.execute('BEGIN')
        # Two dashboards starting at once: the second waits here and finds nothing to do.
        cursor.execute('SELECT pg_advisory_xact_lock(%s)', (LOCK,))
        found = schema_in(cursor)
        if found > wanted:
            cursor.execute('ROLLBACK')
            return found, wanted
        cursor.execute('CREATE TABLE IF NOT EXISTS schema_version '
                       '(version integer PRIMARY KEY, release text NOT NULL, applied_at timestamptz DEFAULT now())')
        for number in range(found, wanted):
            cursor.execute(STEPS[number][1])
            cursor.execute('INSERT INTO schema_version (version, release) VALUES (%s, %s)', (number + 1, release))
        cursor.execute('COMMIT')
    return found, wanted
