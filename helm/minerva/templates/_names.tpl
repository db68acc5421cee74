{{/*
Every name and label of the chart comes from here.

A name is RELEASE-minerva or RELEASE-minerva-PART. RELEASE is always there, and no part ends in "minerva", so two releases
in one namespace have no name in common. What is too long for a label is cut, and a digest of the whole keeps it apart.
*/}}

{{/* minerva.name: (list $ "worker"); an empty part names the web server. */}}
{{- define "minerva.name" -}}
{{- $root := first . -}}
{{- $whole := printf "%s-minerva-%s" $root.Release.Name (last .) | trimSuffix "-" -}}
{{- if gt (len $whole) 52 -}}
{{- printf "%s-%s" ($whole | trunc 43 | trimSuffix "-") ($whole | sha256sum | trunc 8) -}}
{{- else -}}
{{- $whole -}}
{{- end -}}
{{- end -}}

{{/* minerva.selector: (list $ "worker"); what never changes, so that selectors may hold it. Pods have these alone: a label
with the chart's version would start all of them anew, your product's too, for a change of a comment. */}}
{{- define "minerva.selector" -}}
app.kubernetes.io/name: minerva
app.kubernetes.io/instance: {{ (first .).Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end -}}

{{/* minerva.labels: (list $ "worker") */}}
{{- define "minerva.labels" -}}
{{- $root := first . -}}
{{ include "minerva.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* minerva.metadata: (list $ "worker" "worker"); part of the name, component. */}}
{{- define "minerva.metadata" -}}
name: {{ include "minerva.name" (list (index . 0) (index . 1)) }}
labels:
  {{- include "minerva.labels" (list (index . 0) (index . 2)) | nindent 2 }}
{{- end -}}

{{/* minerva.release: by this name a database knows whose it is, so that a second release on it is refused. */}}
{{- define "minerva.release" -}}
{{- .Values.release | default (printf "%s/%s" .Release.Namespace .Release.Name) -}}
{{- end -}}

{{/* minerva.image: (list $ $ownImage); a part's own image says what differs from `image`. */}}
{{- define "minerva.image" -}}
{{- $image := mergeOverwrite (deepCopy (first .).Values.image) (omit (last .) "tag") -}}
{{- $tag := (last .).tag | default $image.tag | default (first .).Chart.AppVersion -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ $tag }}
{{- end -}}

{{/* minerva.databaseSecret, minerva.queueSecret, minerva.keysSecret: the Secrets that others refer to. */}}
{{- define "minerva.databaseSecret" -}}
{{- if .Values.postgresql.enabled }}{{ include "minerva.name" (list . "postgresql") }}{{ else }}{{ .Values.database.existingSecret }}{{ end -}}
{{- end -}}

{{- define "minerva.queueSecret" -}}
{{- if .Values.redis.enabled }}{{ include "minerva.name" (list . "redis") }}{{ else }}{{ .Values.queue.existingSecret }}{{ end -}}
{{- end -}}

{{- define "minerva.keysSecret" -}}
{{- .Values.keys.existingSecret | default (include "minerva.name" (list . "keys")) -}}
{{- end -}}

{{- define "minerva.artefactsClaim" -}}
{{- .Values.artefacts.existingClaim | default (include "minerva.name" (list . "artefacts")) -}}
{{- end -}}
