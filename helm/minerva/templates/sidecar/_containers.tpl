{{/* minerva.sidecar: Minerva as a native sidecar: it starts before your product and is stopped after it, so that no request
of your product's finds it gone. Unless `sidecar.appWaits`, it has neither startup nor readiness probe: your product starts
and serves whether Minerva does or not. */}}
{{- define "minerva.sidecar" -}}
{{- $sidecar := .Values.sidecar -}}
- name: minerva
  restartPolicy: Always
  {{- include "minerva.container" (list . dict) | nindent 2 }}
  args: [serve]
  env:
    {{- include "minerva.variables" . | trim | nindent 4 }}
    - {name: MINERVA_HOST, value: 0.0.0.0}
    - {name: MINERVA_PORT, value: {{ $sidecar.port | int64 | quote }}}
    - {name: MINERVA_SOCKET, value: {{ $sidecar.socketFolder }}/minerva.sock}
    - {name: MINERVA_SOCKET_GROUP, value: {{ $sidecar.group | int64 | quote }}}
    - {name: MINERVA_AUTH, value: {{ $sidecar.auth }}}
  {{- with include "minerva.variablesFrom" . }}
  {{- . | trim | nindent 2 }}
  {{- end }}
  {{- if $sidecar.port }}
  ports:
    - {name: minerva, containerPort: {{ $sidecar.port }}}
  {{- end }}
  {{- if $sidecar.appWaits }}
  startupProbe:
    exec: {command: [minerva, health, --ready]}
    periodSeconds: 2
    timeoutSeconds: 10
    failureThreshold: 60
  readinessProbe:
    exec: {command: [minerva, health, --ready]}
    periodSeconds: 5
    timeoutSeconds: 10
    failureThreshold: 3
  {{- end }}
  livenessProbe:
    exec: {command: [minerva, health]}
    initialDelaySeconds: 30
    periodSeconds: 15
    timeoutSeconds: 10
    failureThreshold: 4
  resources: {{- toYaml $sidecar.resources | nindent 4 }}
  volumeMounts:
    - {name: socket, mountPath: {{ $sidecar.socketFolder }}}
    {{- include "minerva.mounts" . | nindent 4 }}
{{- end -}}

{{/* minerva.appContainer: (list $ container) is an entry of a list of containers, one of your product's, hardened unless it says otherwise, with the
socket and the variables that say where it is. */}}
{{- define "minerva.appContainer" -}}
{{- $folder := (first .).Values.sidecar.socketFolder -}}
{{- $container := deepCopy (last .) -}}
{{- $hardened := include "minerva.hardened" . | fromYaml -}}
{{- $_ := set $container "securityContext" (mergeOverwrite $hardened ($container.securityContext | default dict)) -}}
{{- $socket := printf "%s/minerva.sock" $folder -}}
{{- $variables := list (dict "name" "MINERVA_SOCKET" "value" $socket) (dict "name" "MINERVA_URL" "value" (printf "http+unix://%s" ($socket | replace "/" "%2F"))) -}}
{{- $_ := set $container "env" (concat ($container.env | default list) $variables) -}}
{{- $mount := dict "name" "socket" "mountPath" $folder -}}
{{- $_ := set $container "volumeMounts" (append ($container.volumeMounts | default list) $mount) -}}
{{- toYaml (list $container) -}}
{{- end -}}
