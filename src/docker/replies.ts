import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { ContainerInspect, ContainerSummary, EngineInfo, ImageInspect } from '../core/host/docker.ts';

// Only the fields of the port are checked; newer Engines may add others.
const text = z.string();
const strings = z
  .array(text)
  .nullish()
  .transform((value) => value ?? null);
const record = z
  .record(text, text)
  .nullish()
  .transform((value) => value ?? null);

const anything = z
  .record(text, z.unknown())
  .nullish()
  .transform((value) => value ?? null);

const bindings = z
  .record(text, z.array(z.object({ HostIp: text.default(''), HostPort: text.default('') })).nullable())
  .nullish()
  .transform((value) => value ?? null);

const limit = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);

const mount = z.object({ Type: text, Source: text.default(''), Target: text, ReadOnly: z.boolean().default(false) });

export const containerInspect = z.object({
  Id: text,
  Name: text,
  Image: text,
  RestartCount: z.number().default(0),
  State: z.object({
    Running: z.boolean(),
    Status: text,
    Pid: z.number(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    Error: text,
    StartedAt: text,
  }),
  Config: z.looseObject({
    Image: text,
    Hostname: text.default(''),
    Env: strings,
    Labels: record,
    Cmd: strings,
    Entrypoint: strings,
    StopSignal: text.exactOptional(),
    StopTimeout: z.number().exactOptional(),
    User: text.exactOptional(),
    WorkingDir: text.exactOptional(),
    Tty: z.boolean().exactOptional(),
    Volumes: anything,
    Healthcheck: anything,
  }),
  HostConfig: z.looseObject({
    NetworkMode: text,
    LogConfig: z.object({ Type: text.default(''), Config: record }).exactOptional(),
    Memory: limit,
    NanoCpus: limit,
    ExtraHosts: strings,
    Dns: strings,
    RestartPolicy: z.object({ Name: text, MaximumRetryCount: z.number().default(0) }),
    PortBindings: bindings,
    Ulimits: z
      .array(z.object({ Name: text, Soft: z.number(), Hard: z.number() }))
      .nullish()
      .transform((value) => value ?? null),
    Mounts: z
      .array(mount)
      .nullish()
      .transform((value) => value ?? null),
    Binds: strings,
    AutoRemove: z.boolean().exactOptional(),
    Privileged: z.boolean().exactOptional(),
    UsernsMode: text.exactOptional(),
  }),
  Mounts: z
    .array(
      z.object({
        Type: text,
        Name: text.exactOptional(),
        Source: text.default(''),
        Destination: text,
        RW: z.boolean().default(true),
      }),
    )
    .nullish()
    .transform((value) => value ?? null),
  NetworkSettings: z.object({ Ports: bindings, Networks: anything }).exactOptional(),
});

const port = z.object({
  IP: text.exactOptional(),
  PrivatePort: z.number(),
  PublicPort: z.number().exactOptional(),
  Type: text,
});

export const containerSummaries = z.array(
  z.object({
    Id: text,
    Names: strings.transform((value) => value ?? []),
    Image: text,
    State: text,
    Labels: record.transform((value) => value ?? {}),
    Ports: z
      .array(port)
      .nullish()
      .transform((value) => value ?? []),
  }),
);

export const imageInspect = z.object({
  Id: text,
  RepoTags: strings,
  RepoDigests: strings,
  Architecture: text,
  Size: z.number().exactOptional(),
  Config: z
    .object({
      User: text.exactOptional(),
      Env: strings,
      StopSignal: text.exactOptional(),
      Entrypoint: strings,
      Cmd: strings,
      ExposedPorts: anything,
      Labels: record,
      WorkingDir: text.exactOptional(),
      Volumes: anything,
      Healthcheck: anything,
    })
    .nullish()
    .transform((value) => value ?? null),
});

/** A registry's reply about a reference. */
export const distributionInspect = z.object({
  Descriptor: z.object({ digest: text.regex(/^sha256:[0-9a-f]{64}$/) }),
});

export const engineInfo = z.object({
  ServerVersion: text,
  DockerRootDir: text,
  Driver: text,
  LoggingDriver: text.default(''),
  MemTotal: z.number().exactOptional(),
  SecurityOptions: z
    .array(text)
    .nullish()
    .transform((value) => value ?? []),
  BuildahVersion: text.exactOptional(),
});

export const createReply = z.object({ Id: text });

/** A line of a pull's progress. */
export const pullProgress = z.object({ error: text.optional() });

export const updateReply = z.object({ Warnings: strings });

export const waitReply = z.object({ StatusCode: z.number() });

const version = text.regex(/^\d+\.\d+$/);

export const engineVersion = z.object({ ApiVersion: version, MinAPIVersion: version.default('1.12') });

/**
 * Checks an Engine's reply.
 *
 * @throws OrchError DOCKER_FAILED naming the field that differs from the API's documentation
 */
export function parseReply<T extends z.ZodType>(schema: T, reply: unknown, doing: string): z.output<T> {
  const parsed = schema.safeParse(reply);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new OrchError(
    'DOCKER_FAILED',
    `${doing}: reply not understood at ${issue?.path.join('.').slice(0, 200)}: ${issue?.message}`,
    {
      hint: 'this Docker Engine may be newer than this version knows',
    },
  );
}

// The compiler checks that port and schemas agree.
type Fits<Port, Schema extends Port> = Schema;
export type RepliesFitThePort = [
  Fits<ContainerInspect, z.output<typeof containerInspect>>,
  Fits<readonly ContainerSummary[], z.output<typeof containerSummaries>>,
  Fits<ImageInspect, z.output<typeof imageInspect>>,
  Fits<EngineInfo, z.output<typeof engineInfo>>,
];
