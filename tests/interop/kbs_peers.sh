#!/usr/bin/env bash
# This library's client against a key broker and an attestation proxy of somebody else's, which run already; nothing is
# built or started here but our own. What they decide is theirs: every answer must be one that we read.
#
#   SVSM_PEER_KBS=http://127.0.0.1:8080 [SVSM_PEER_CA=ca.pem] SVSM_PEER_PROXY=/run/proxy.sock tests/interop/kbs_peers.sh BIN_DIR
set -euo pipefail

bin=${1:?usage: $0 BIN_DIR}
if [[ ! -x $bin/kbs-peer ]]; then
  echo "SKIP kbs-peers: $bin/kbs-peer is not built"
  exit 0
fi

# Ours first: that the client itself works.
if [[ -x $bin/svsm-kbs ]]; then
  work=$(mktemp -d)
  echo '{"vmpl":0}' >"$work/policy.json"
  "$bin/svsm-kbs" serve --data "$work/data" --policy "$work/policy.json" --port 0 --port-file "$work/port" 2>"$work/log" &
  broker=$!
  trap 'kill $broker 2>/dev/null || true; rm -rf "$work"' EXIT
  for _ in $(seq 100); do [[ -e $work/port ]] && break || sleep 0.1; done
  echo "svsm-kbs:"
  "$bin/kbs-peer" kbs "http://127.0.0.1:$(cat "$work/port")"
fi

if [[ -n ${SVSM_PEER_KBS:-} ]]; then
  echo "$SVSM_PEER_KBS:"
  "$bin/kbs-peer" kbs "$SVSM_PEER_KBS" ${SVSM_PEER_CA:+"$SVSM_PEER_CA"}
else
  echo "SKIP another key broker: SVSM_PEER_KBS has no URL"
fi
if [[ -n ${SVSM_PEER_PROXY:-} ]]; then
  echo "$SVSM_PEER_PROXY:"
  "$bin/kbs-peer" proxy "$SVSM_PEER_PROXY"
else
  echo "SKIP another attestation proxy: SVSM_PEER_PROXY has no socket"
fi
