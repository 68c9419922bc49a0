/** Path of the database's certificate authority in the control plane's containers: the DSN names it. */
export const DATABASE_CA = '/opt/api7/database-ca.pem';
