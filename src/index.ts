/** The exports for playbooks; nothing else is public. */

export { z } from 'zod';
export { dashboardConfig, dpManagerConfig, gatewayConfig, gatewayStopSeconds } from './api7/config.ts';
export { gatewayEnv } from './api7/gateway-env.ts';
export { gatewayUid } from './api7/gateway-uid.ts';
export { dashboardImage, dpManagerImage, gatewayImage } from './api7/images.ts';
export { CONTAINERS, GATEWAY_ID, IN_IMAGE, PATHS, PORTS } from './api7/paths.ts';
export { published } from './api7/ports.ts';
export { type AnyErrorCode, OrchError } from './core/base/errors.ts';
export { Secret } from './core/base/secret.ts';
export type { ErrorCode } from './core/errors/error-codes.ts';
export type { Host } from './core/host/host.ts';
export type { Count } from './core/play/count.ts';
export { type Play, type PlayOptions, type Plays, play } from './core/play/play.ts';
export { defineGate } from './core/task/define-gate.ts';
export { defineQuery, type QueryType } from './core/task/define-query.ts';
export { defineTask } from './core/task/define-task.ts';
export type { GateType, OnTimeout } from './core/task/gate-type.ts';
export { text } from './core/task/later.ts';
export type { Steps, Task } from './core/task/task.ts';
export type { TaskType } from './core/task/task-type.ts';
export { definePlaybook } from './define-playbook.ts';
export { gatewayAuthOf, gatewayGroupOf } from './inventory/gateway-group.ts';
export type { GatewayGroup, Inventory } from './inventory/inventory.ts';
export { haproxyMember } from './lb/haproxy/member.ts';
export { adoptionPreflight, adoptionsFinished, adoptionsForgotten } from './programs/adoption.ts';
export type { Adopting } from './programs/container-of.ts';
export {
  type ControlPlaneImages,
  controlPlaneImages,
  controlPlaneInService,
  controlPlaneResponds,
  controlPlaneStop,
} from './programs/control-plane.ts';
export { dashboard } from './programs/dashboard.ts';
export { dpManager } from './programs/dp-manager.ts';
export { gateway, gatewayInService, gatewayStop, gatewayStopped } from './programs/gateway.ts';
export { gatewayPlays } from './programs/gateway-plays.ts';
export { preflight } from './programs/preflight.ts';
export { command } from './tasks/command.ts';
export { configAccepted } from './tasks/config-accepted.ts';
export { container } from './tasks/container.ts';
export { directory } from './tasks/directory.ts';
export { file } from './tasks/file.ts';
export { goBack } from './tasks/go-back.ts';
export { hostLimits } from './tasks/host-limits.ts';
export { httpReady } from './tasks/http-ready.ts';
export { image } from './tasks/image.ts';
export { mountSources } from './tasks/mount-sources.ts';
export { package_ } from './tasks/package.ts';
export { portsFree } from './tasks/ports-free.ts';
export { restarted } from './tasks/restarted.ts';
export { started } from './tasks/started.ts';
export { steadyContainer } from './tasks/steady-container.ts';
export { stopped } from './tasks/stopped.ts';
export { yamlFile } from './tasks/yaml-file.ts';
export { gatewaysReconnected } from './traffic/gates/gateways-reconnected.ts';
export { upInBalancers } from './traffic/gates/up-in-balancers.ts';
export { rollingOf, rollingVars } from './traffic/rolling-vars.ts';
