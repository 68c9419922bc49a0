/**
 * Checks a gateway's configuration inside its image, in `sh`. `apisix init` validates config.yaml and renders
 * nginx.conf from it; `apisix test` makes nginx read the result, snippets included. An image without the command `test`
 * prints its help and exits with 0.
 *
 * The container of the check has no network, so a name in a snippet cannot be resolved there: that is no refusal.
 */
export const GATEWAY_CONFIG_CHECK = `apisix init || exit
said=$(apisix test 2>&1) && exit
printf '%s\\n' "$said" >&2
case $said in *'host not found in '*) exit 0 ;; esac
exit 1`;
