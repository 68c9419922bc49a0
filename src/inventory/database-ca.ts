/** Where the certificate authority of the database is in the containers of the control plane: the DSN names this path. */
export const DATABASE_CA = '/opt/api7/database-ca.pem';
