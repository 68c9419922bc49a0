import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { z } from 'zod';
import { LabError, tail } from '../lab-error.ts';
import type { RecipeFile } from './recipe.ts';
import { tarBytes } from './tar-bytes.ts';

const progress = z.object({ stream: z.string().optional(), error: z.string().optional() });
const proxies = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/**
 * Builds an image with the classic builder, which every engine has, and tags it. On failure the error carries the end
 * of the build's output.
 * @example await buildImage(docker, files, { tag: 'lab/host:1', base: 'debian:bookworm-slim' })
 */
export async function buildImage(
  docker: Docker,
  files: readonly RecipeFile[],
  options: { readonly tag: string; readonly base: string },
): Promise<void> {
  const buildargs: Record<string, string> = { BASE: options.base };
  for (const name of proxies) if (process.env[name]) buildargs[name] = process.env[name];
  const context = Readable.from([await tarBytes(files)]);
  const stream = await docker.buildImage(context, { t: options.tag, buildargs, forcerm: true, version: '1' });
  const output: string[] = [];
  let failure: string | undefined;
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      stream,
      (error) => (error ? reject(error) : resolve()),
      (event) => {
        const { stream: text, error } = progress.parse(event);
        if (text) output.push(text);
        failure ??= error;
      },
    );
  }).catch((cause) => {
    failure ??= String(cause);
  });
  if (failure) throw new LabError(`cannot build ${options.tag}: ${failure}`, { log: tail(output.join('')) });
}
