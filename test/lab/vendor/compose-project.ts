import { randomUUID } from 'node:crypto';
import type { Lab } from '../lab.ts';
import { must, put } from './must.ts';

/** Where the vendor's quickstart keeps its files. */
const DIRECTORY = '/root/api7-ee';

export const COMPOSE_FILE = `${DIRECTORY}/docker-compose.yaml`;

/** Names that compose gives to the containers of that directory. */
export const composeName = (service: string): string => `api7-ee_${service}_1`;

/** A host's part of the quickstart's compose file, with the database and the addresses of a cluster. */
export interface ComposePart {
  /** Below `services:`. */
  readonly services: string;
  /** Contents of files beside it, by their paths from there. */
  readonly files: Readonly<Record<string, string>>;
}

/** The usual network of a project is one that adoption refuses. */
const COMMON = `    restart: always
    network_mode: bridge`;

export const controlPlanePart = (version: string, config: (port: number) => string): ComposePart => ({
  services: `  dashboard:
    image: api7/api7-ee-3-integrated:v${version}
${COMMON}
    volumes:
      - ./dashboard_conf/conf.yaml:/app/conf/config.yaml
    ports:
      - "17080:17080"
  dp-manager:
    image: api7/api7-ee-dp-manager:v${version}
${COMMON}
    depends_on:
      - dashboard
    volumes:
      - ./dp_manager_conf/conf.yaml:/usr/local/api7/conf/config.yaml
    ports:
      - "17900:17900"
      - "7943:7943"
`,
  files: { 'dashboard_conf/conf.yaml': config(17080), 'dp_manager_conf/conf.yaml': config(17900) },
});

export const gatewayPart = (image: string, login: Readonly<Record<string, string>>, config: string): ComposePart => ({
  services: `  gateway:
    image: ${image}
${COMMON}
    environment:
${Object.entries(login)
  .map(([name, value]) => `      ${name}: ${JSON.stringify(value.replaceAll('$', '$$$$'))}\n`)
  .join('')}    volumes:
      - ./gateway_conf/config.yaml:/usr/local/apisix/conf/config.yaml
      - ./gateway_conf/apisix.uid:/usr/local/apisix/conf/apisix.uid
    ports:
      - "9080:9080"
      - "9443:9443"
      - "7085:7085"
`,
  files: { 'gateway_conf/config.yaml': config },
});

/** Starts a host's part as the quickstart does. A gateway that is started again keeps its uid. */
export async function composeUp(lab: Lab, host: string, { services, files }: ComposePart): Promise<void> {
  for (const [path, text] of Object.entries(files)) await put(lab, host, `${DIRECTORY}/${path}`, text);
  await put(lab, host, COMPOSE_FILE, `version: "3"\nservices:\n${services}`);
  await must(
    lab,
    host,
    `cd ${DIRECTORY}
if [ -d gateway_conf ]; then
  [ -s gateway_conf/apisix.uid ] || printf %s ${randomUUID()} >gateway_conf/apisix.uid
  chown -R 636:636 gateway_conf
fi
docker-compose up -d`,
  );
}
