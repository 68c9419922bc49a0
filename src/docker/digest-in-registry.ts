import { OrchError } from '../core/base/errors.ts';
import type { RegistryLogin } from '../core/host/docker.ts';
import { statusOf } from './call.ts';
import type { Engine } from './engine.ts';
import { pullRefused } from './pull-refused.ts';
import { registryAuth } from './registry.ts';
import { distributionInspect, parseReply } from './replies.ts';
import { inPath } from './request.ts';

/**
 * The digest of an image in its registry, asked through an Engine:
 * https://docs.docker.com/reference/api/engine/#tag/Distribution
 *
 * @throws OrchError REGISTRY_DENIED | IMAGE_PULL_FAILED with the registry's message, DOCKER_FAILED if the Engine lacks
 *   this request
 */
export async function digestInRegistry(engine: Engine, ref: string, login?: RegistryLogin): Promise<string> {
  const doing = `ask the registry for image ${ref}`;
  const path = `/distribution/${inPath(ref)}/json`;
  const request = { method: 'GET', path, ...(login && { headers: registryAuth(login) }) } as const;
  try {
    return parseReply(distributionInspect, await engine.changeJson(doing, request), doing).Descriptor.digest;
  } catch (error) {
    // An error without a status does not come from a registry.
    if (!(error instanceof OrchError) || statusOf(error.cause) === undefined) throw error;
    const words = error.message.slice(`${doing}: `.length);
    if (/^(?:page )?not found(?: \(status 404\))?$/i.test(words.trim())) throw error;
    throw pullRefused(ref, doing, words, login);
  }
}
