import type { Reader } from '../../core/host/connection.ts';
import type { ContainerInspect } from '../../core/host/docker.ts';
import { IN_IMAGE } from '../../inventory/own-settings.ts';
import { type Refusal, refusal } from './refusal.ts';
import { shortName, typed } from './words.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a gateway's instance, wherever its file is: mounted, or in the container alone. */
export async function foundUid(
  found: ContainerInspect,
  host: Reader,
): Promise<{ readonly uid?: string; readonly refusals: readonly Refusal[] }> {
  const path = IN_IMAGE.gatewayUid;
  const name = shortName(found);
  const file = await host.docker.file(found.Id, path);
  if (file === null) {
    const hint = `see its log for why it wrote none: docker logs ${typed(name)}`;
    return { refusals: [refusal('UID', `${name}: it has no file ${path}`, hint)] };
  }
  const uid = file.content.subarray(0, 100).toString('latin1').trim();
  if (UUID.test(uid) && file.content.length < 100) return { uid, refusals: [] };
  const hint = `write one UUID into it while the node is drained, restart the container, then run this again`;
  return { refusals: [refusal('UID', `${name}: ${path} is not one UUID`, hint)] };
}
