{{/* What all pods of Minerva have in common: security, environment, volumes, where they run. */}}

{{/* minerva.group: one for all pods of the release. If two differed, each would give the shared volume of artefacts to its
own group again. */}}
{{- define "minerva.group" -}}
{{ eq .Values.mode "sidecar" | ternary .Values.sidecar.group 10001 | int64 }}
{{- end -}}

{{/* minerva.podSecurity: (list $ group). The group owns the volumes: a mounted key is readable through it. */}}
{{- define "minerva.podSecurity" -}}
runAsNonRoot: true
fsGroup: {{ last . | int64 }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* minerva.security: the image's user, no rights, nothing to write but the volumes. Minerva's own sandbox (Landlock,
seccomp) needs no more. */}}
{{- define "minerva.security" -}}
runAsUser: 10001
runAsGroup: 10001
{{ include "minerva.hardened" . }}
{{- end -}}

{{- define "minerva.hardened" -}}
runAsNonRoot: true
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* minerva.pod: (list $ .Values.serve) begins the spec of a pod. */}}
{{- define "minerva.pod" -}}
{{- $root := first . -}}
{{- $part := last . -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $part.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* minerva.spread: (list $ .Values.serve "serve"); pods of one revision over zones, then over nodes. */}}
{{- define "minerva.spread" -}}
{{- $spread := (index . 1).spread -}}
{{- $selector := include "minerva.selector" (list (index . 0) (index . 2)) -}}
{{- if $spread.enabled }}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: {{ $spread.whenUnsatisfiable }}
    labelSelector:
      matchLabels: {{- $selector | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end -}}

{{/* minerva.container: (list $ image) begins a container of Minerva. */}}
{{- define "minerva.container" -}}
image: {{ include "minerva.image" . }}
imagePullPolicy: {{ (first .).Values.image.pullPolicy }}
securityContext: {{- include "minerva.security" . | nindent 2 }}
{{- end -}}

{{/* minerva.number: whole numbers from values are floats here, and would become 1e+06. */}}
{{- define "minerva.number" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* minerva.databaseVariable: the one thing that the migration needs as well. */}}
{{- define "minerva.databaseVariable" -}}
- name: MINERVA_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ include "minerva.databaseSecret" . }}, key: {{ .Values.postgresql.enabled | ternary "url" .Values.database.key }}}
{{- end -}}

{{/* minerva.variables: what serve, worker and beat are told. MINERVA_MIGRATE=no: a process that finds an older schema
says so and ends, instead of changing it under the feet of the others. */}}
{{- define "minerva.variables" -}}
{{- range $name, $value := .Values.settings }}
- {name: MINERVA_{{ upper $name }}, value: {{ include "minerva.number" $value | quote }}}
{{- end }}
{{- range $name, $value := .Values.environment }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
- {name: MINERVA_RELEASE, value: {{ include "minerva.release" . | quote }}}
- {name: MINERVA_WORKSPACE, value: /workspace}
- {name: MINERVA_STATE_FOLDER, value: /var/lib/minerva}
- {name: MINERVA_LOG_FOLDER, value: "-"}
- {name: MINERVA_MIGRATE, value: "no"}
{{ include "minerva.databaseVariable" . }}
- name: MINERVA_QUEUE_URL
  valueFrom:
    secretKeyRef: {name: {{ include "minerva.queueSecret" . }}, key: {{ .Values.redis.enabled | ternary "url" .Values.queue.key }}}
- {name: MINERVA_ARTEFACTS_URL, value: {{ .Values.artefacts.url | default "/var/lib/artefacts" | quote }}}
- {name: MINERVA_SIGNING_KEY, value: /etc/minerva/keys/signing.key}
- {name: MINERVA_WEBHOOK_KEY, value: /etc/minerva/keys/webhook.key}
{{- if .Values.keys.trusted }}
- {name: MINERVA_TRUSTED_KEYS, value: /etc/minerva/trusted}
{{- end }}
{{- end -}}

{{- define "minerva.variablesFrom" -}}
{{- with .Values.environmentSecrets }}
envFrom:
  {{- range . }}
  - secretRef: {name: {{ . }}}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "minerva.mounts" -}}
- {name: state, mountPath: /var/lib/minerva}
- {name: temporary, mountPath: /tmp}
- {name: keys, mountPath: /etc/minerva/keys, readOnly: true}
{{- if not .Values.artefacts.url }}
- {name: artefacts, mountPath: /var/lib/artefacts}
{{- end }}
{{- if .Values.keys.trusted }}
- {name: trusted, mountPath: /etc/minerva/trusted, readOnly: true}
{{- end }}
{{- range list "services" "flows" }}
{{- if index $.Values . }}
- {name: {{ . }}, mountPath: /workspace/{{ . }}, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "minerva.keysVolume" -}}
- name: keys
  secret:
    secretName: {{ include "minerva.keysSecret" . }}
    defaultMode: 0440
    items:
      - {key: signing.key, path: signing.key}
      - {key: webhook.key, path: webhook.key}
{{- end -}}

{{/* minerva.volumes: (list $ .Values.serve) */}}
{{- define "minerva.volumes" -}}
{{- $root := first . -}}
- name: state
  emptyDir: {sizeLimit: {{ (last .).stateSize | default "256Mi" }}}
- name: temporary
  emptyDir: {sizeLimit: {{ (last .).temporarySize | default "64Mi" }}}
{{ include "minerva.keysVolume" $root }}
{{- if not $root.Values.artefacts.url }}
- name: artefacts
  persistentVolumeClaim: {claimName: {{ include "minerva.artefactsClaim" $root }}}
{{- end }}
{{- with $root.Values.keys.trusted }}
- name: trusted
  configMap: {name: {{ . }}}
{{- end }}
{{- range list "services" "flows" }}
{{- if index $root.Values . }}
- name: {{ . }}
  configMap: {name: {{ include "minerva.name" (list $root .) }}}
{{- end }}
{{- end }}
{{- end -}}

{{/* minerva.migration: (list $) is the container that brings the database to this version and registers the first admin
key. It reads the other keys as well, so that one that is damaged is told here. */}}
{{- define "minerva.migration" -}}
{{- $root := first . -}}
- name: migrate
  {{- include "minerva.container" (list $root dict) | nindent 2 }}
  args: [migrate, --wait, {{ $root.Values.migrate.waitSeconds | int64 | quote }}]
  env:
    - {name: MINERVA_RELEASE, value: {{ include "minerva.release" $root | quote }}}
    - {name: MINERVA_WORKSPACE, value: /workspace}
    - {name: MINERVA_STATE_FOLDER, value: /var/lib/minerva}
    - {name: MINERVA_LOG_FOLDER, value: "-"}
    {{- include "minerva.databaseVariable" $root | nindent 4 }}
    - {name: MINERVA_ADMIN_KEY_FILE, value: /etc/minerva/admin/admin.key}
    - {name: MINERVA_SIGNING_KEY, value: /etc/minerva/keys/signing.key}
    - {name: MINERVA_WEBHOOK_KEY, value: /etc/minerva/keys/webhook.key}
  resources: {{- toYaml $root.Values.migrate.resources | nindent 4 }}
  volumeMounts:
    - {name: state, mountPath: /var/lib/minerva}
    - {name: temporary, mountPath: /tmp}
    - {name: admin, mountPath: /etc/minerva/admin, readOnly: true}
    - {name: keys, mountPath: /etc/minerva/keys, readOnly: true}
{{- end -}}

{{- define "minerva.adminVolume" -}}
- name: admin
  secret:
    secretName: {{ include "minerva.keysSecret" . }}
    defaultMode: 0440
    items: [{key: admin.key, path: admin.key}]
{{- end -}}

{{/* minerva.firstMigration: a bundled PostgreSQL is there only when ordinary resources are, so no hook can migrate it
before. Each pod does it before it starts: one of them does the work under a lock, the others find it done. */}}
{{- define "minerva.firstMigration" -}}
{{- if .Values.postgresql.enabled }}
{{- include "minerva.migration" (list .) }}
{{- end }}
{{- end -}}

{{/* minerva.gracePeriod: the pause before SIGTERM, the time for requests in flight, and some seconds to end. */}}
{{- define "minerva.gracePeriod" -}}
{{- $graceful := .Values.settings.graceful_timeout_s | default 30 | ceil | int64 -}}
{{ add .Values.serve.preStopSeconds $graceful 15 }}
{{- end -}}

{{/* minerva.tenants: (list $ service) is the member `tenants` of a service file, with those that have the service. */}}
{{- define "minerva.tenants" -}}
{{- $service := last . -}}
{{- $having := dict -}}
{{- range $tenant, $differing := (first .).Values.tenants }}
{{- if hasKey $differing $service }}{{ $_ := set $having $tenant (get $differing $service | trim) }}{{ end }}
{{- end }}
{{- if $having -}}
tenants:
{{- range $tenant, $text := $having }}
  {{ $tenant }}:
    {{- with $text }}{{ . | nindent 4 }}{{ end }}
{{- end }}
{{- end }}
{{- end -}}
