#!/usr/bin/env bash
# Installs the chart in the cluster that kubectl is set to, in a new namespace, rolls it under load, and removes it.
#
#   IMAGE  registry and folder of the images, such as registry.example.com/ml; none: the nodes have them
#   TAG    their tag; the chart's appVersion if empty
#   MODE   access mode of the volume for artefacts: ReadWriteMany, or ReadWriteOnce on a cluster of one node
#   KEEP   1 leaves everything for a look
set -euo pipefail
cd "$(dirname "$0")"

namespace=minerva-test-$RANDOM
release=trial
timeout=${TIMEOUT:-10m}
kube() { kubectl --namespace "$namespace" "$@"; }
say() { printf '\n== %s\n' "$*"; }

for program in kubectl helm; do
  command -v "$program" >/dev/null || { echo "$program is missing: install it" >&2; exit 2; }
done
kubectl version >/dev/null || { echo "kubectl reaches no cluster: see kubectl config current-context" >&2; exit 2; }

values=(
  --values minerva/ci/bundled-values.yaml
  --set-string "image.registry=${IMAGE:-}" --set-string "image.tag=${TAG:-}"
  --set "artefacts.claim.accessModes[0]=${MODE:-ReadWriteMany}"
)

finish() {
  code=$?
  if ((code)); then
    say "Failed. What there is to see:"
    kube get pods,events --sort-by=.metadata.creationTimestamp || true
  fi
  if [[ ${KEEP:-} != 1 ]]; then
    helm uninstall "$release" --namespace "$namespace" --wait --timeout "$timeout" || true
    kubectl delete namespace "$namespace" --wait=false || true
  else
    echo "Left in the namespace $namespace."
  fi
  exit "$code"
}
trap finish EXIT

say "Installing in namespace $namespace of $(kubectl config current-context)"
kubectl create namespace "$namespace"
helm install "$release" minerva --namespace "$namespace" "${values[@]}" --wait --timeout "$timeout"

say "helm test: the Service answers, and the admin key opens it"
helm test "$release" --namespace "$namespace" --logs --timeout "$timeout"

say "Asking for predictions, from within the cluster, until told to stop"
kube create configmap load --from-file=load.py=test-cluster-load.py
sed -e "s|{{image}}|$(kube get deployment "$release-minerva" -o jsonpath='{.spec.template.spec.containers[0].image}')|" \
  -e "s|{{url}}|http://$release-minerva|" -e "s|{{secret}}|$release-minerva-keys|" test-cluster-load.yaml | kube apply -f -
kube wait --for=condition=Ready pod/load --timeout="$timeout"

for part in "$release-minerva" "$release-minerva-worker" "$release-minerva-beat"; do
  say "Restarting $part under load"
  kube rollout restart "deployment/$part"
  kube rollout status "deployment/$part" --timeout="$timeout"
done

say "An upgrade under load: one more web server, and another revision of all"
helm upgrade "$release" minerva --namespace "$namespace" "${values[@]}" --set serve.replicas=3 \
  --set-string serve.podAnnotations.trial=again --set-string worker.podAnnotations.trial=again --wait --timeout "$timeout"

say "What the caller has seen"
kube exec load -- python /load/load.py stop
kube wait --for=jsonpath='{.status.phase}'=Succeeded pod/load --timeout="$timeout"
kube logs load | tail -n 5
say "All is well: no request failed."
