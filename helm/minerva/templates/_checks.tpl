{{/* What the schema cannot say: values that need each other. Each mistake is one line that begins with the value. */}}
{{- define "minerva.checks" -}}
{{- $v := .Values -}}
{{- $faults := list -}}
{{- if not (or $v.postgresql.enabled $v.database.existingSecret) }}
{{- $faults = append $faults "database.existingSecret: name the Secret with PostgreSQL's URL, or try out with postgresql.enabled=true" }}
{{- end }}
{{- if and $v.postgresql.enabled $v.database.existingSecret }}
{{- $faults = append $faults "database.existingSecret: leave it empty where postgresql.enabled is true; one of them is the database" }}
{{- end }}
{{- if not (or $v.redis.enabled $v.queue.existingSecret) }}
{{- $faults = append $faults "queue.existingSecret: name the Secret with the broker's URL, or try out with redis.enabled=true" }}
{{- end }}
{{- if and $v.redis.enabled $v.queue.existingSecret }}
{{- $faults = append $faults "queue.existingSecret: leave it empty where redis.enabled is true; one of them is the broker" }}
{{- end }}
{{- if not (or $v.keys.generate $v.keys.existingSecret) }}
{{- $faults = append $faults "keys.existingSecret: name the Secret with admin.key, signing.key and webhook.key, or set keys.generate=true" }}
{{- end }}
{{- if and $v.keys.generate $v.keys.existingSecret }}
{{- $faults = append $faults "keys.generate: leave it false where keys.existingSecret names the keys" }}
{{- end }}
{{- $stores := 0 }}
{{- range list $v.artefacts.url $v.artefacts.existingClaim $v.artefacts.claim.enabled }}
{{- if . }}{{ $stores = add1 $stores }}{{ end }}
{{- end }}
{{- if ne (int $stores) 1 }}
{{- $faults = append $faults (printf "artefacts: set exactly one of url, existingClaim and claim.enabled; %d are" (int $stores)) }}
{{- end }}
{{- if and $v.artefacts.url (not (contains "://" $v.artefacts.url)) }}
{{- $faults = append $faults (printf "artefacts.url: %q is no URL; a folder is named by existingClaim or claim.enabled" $v.artefacts.url) }}
{{- end }}
{{- $faults = concat $faults (include "minerva.networkChecks" . | fromJsonArray) (include "minerva.modeChecks" . | fromJsonArray) (include "minerva.workspaceChecks" . | fromJsonArray) }}
{{- if $faults }}
{{- fail (printf "\n  %s" (join "\n  " $faults)) }}
{{- end }}
{{- end -}}

{{- define "minerva.networkChecks" -}}
{{- $v := .Values -}}
{{- $egress := $v.networkPolicy.egress -}}
{{- $faults := list -}}
{{- if $v.networkPolicy.enabled }}
{{- if not (or $v.postgresql.enabled $egress.database.to) }}
{{- $faults = append $faults "networkPolicy.egress.database.to: say where PostgreSQL is, or set networkPolicy.enabled=false" }}
{{- end }}
{{- if not (or $v.redis.enabled $egress.queue.to) }}
{{- $faults = append $faults "networkPolicy.egress.queue.to: say where the broker is, or set networkPolicy.enabled=false" }}
{{- end }}
{{- if and $v.artefacts.url (not $egress.artefacts.to) }}
{{- $faults = append $faults "networkPolicy.egress.artefacts.to: say where the artefact store is, or set networkPolicy.enabled=false" }}
{{- end }}
{{- end }}
{{- toJson $faults }}
{{- end -}}

{{- define "minerva.modeChecks" -}}
{{- $v := .Values -}}
{{- $faults := list -}}
{{- if eq $v.mode "sidecar" }}
{{- range list "name" "image" "resources" }}
{{- if not (index $v.sidecar.app.container .) }}
{{- $faults = append $faults (printf "sidecar.app.container.%s: your product's container needs it in mode sidecar" .) }}
{{- end }}
{{- end }}
{{- if and $v.sidecar.port (eq $v.sidecar.auth "none") }}
{{- $faults = append $faults "sidecar.auth: none is refused beside a port, which others reach; set sidecar.port=0" }}
{{- end }}
{{- if and $v.sidecar.app.servicePort (not $v.sidecar.app.container.ports) }}
{{- $faults = append $faults "sidecar.app.servicePort: sidecar.app.container.ports names no port that it could lead to" }}
{{- end }}
{{- range $name, $on := dict "serve.autoscaling.enabled" $v.serve.autoscaling.enabled "ingress.enabled" $v.ingress.enabled "gateway.enabled" $v.gateway.enabled "monitoring.serviceMonitor.enabled" $v.monitoring.serviceMonitor.enabled }}
{{- if $on }}
{{- $faults = append $faults (printf "%s: leave it false in mode sidecar, where Minerva has no Service of its own" $name) }}
{{- end }}
{{- end }}
{{- if eq $v.worker.autoscaling.kind "hpa" }}
{{- $faults = append $faults "worker.autoscaling.kind: hpa needs the gauge of a web server with a Service, which mode sidecar has not; use keda" }}
{{- end }}
{{- else if $v.sidecar.app.container }}
{{- $faults = append $faults "sidecar.app.container: it is used in mode sidecar only; set mode=sidecar, or take it out" }}
{{- end }}
{{- if and $v.ingress.enabled (not $v.ingress.host) }}
{{- $faults = append $faults "ingress.host: an Ingress needs a host" }}
{{- end }}
{{- if and $v.gateway.enabled (not $v.gateway.parents) }}
{{- $faults = append $faults "gateway.parents: an HTTPRoute needs a Gateway" }}
{{- end }}
{{- range $name, $scaling := dict "serve" $v.serve.autoscaling "worker" $v.worker.autoscaling }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
{{- $faults = append $faults (printf "%s.autoscaling.minReplicas: %d is more than maxReplicas, %d" $name (int $scaling.minReplicas) (int $scaling.maxReplicas)) }}
{{- end }}
{{- end }}
{{- if and (eq $v.worker.autoscaling.kind "hpa") (lt (int $v.worker.autoscaling.minReplicas) 1) }}
{{- $faults = append $faults "worker.autoscaling.minReplicas: only keda scales to 0; hpa needs 1 at least" }}
{{- end }}
{{- toJson $faults }}
{{- end -}}

{{/* Files of services are text; what can be told of them without Minerva is told here. */}}
{{- define "minerva.workspaceChecks" -}}
{{- $v := .Values -}}
{{- $faults := list -}}
{{- range $folder := list "services" "flows" }}
{{- range $name, $text := index $v $folder }}
{{- $file := fromYaml $text }}
{{- if hasKey $file "Error" }}
{{- $faults = append $faults (printf "%s.%s: it is no YAML: %s" $folder $name (get $file "Error" | replace "\n" " ")) }}
{{- else if ne (get $file "service" | default "" | toString) $name }}
{{- $faults = append $faults (printf "%s.%s: its text must hold `service: %s`" $folder $name $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $tenant, $differing := $v.tenants }}
{{- range $name, $text := $differing }}
{{- if not (hasKey $v.services $name) }}
{{- $faults = append $faults (printf "tenants.%s.%s: there is no services.%s in the values; a file in the image names its tenants itself" $tenant $name $name) }}
{{- else if hasKey (fromYaml (get $v.services $name)) "tenants" }}
{{- $faults = append $faults (printf "tenants.%s.%s: services.%s names tenants itself; put this one there" $tenant $name $name) }}
{{- else if hasKey (fromYaml $text) "Error" }}
{{- $faults = append $faults (printf "tenants.%s.%s: it is no YAML: %s" $tenant $name (get (fromYaml $text) "Error" | replace "\n" " ")) }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $faults }}
{{- end -}}
