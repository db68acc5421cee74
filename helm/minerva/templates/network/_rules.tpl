{{/* minerva.pods: (list $ (list "serve" "worker")) chooses pods of the release by component. */}}
{{- define "minerva.pods" -}}
matchLabels:
  app.kubernetes.io/name: minerva
  app.kubernetes.io/instance: {{ (first .).Release.Name }}
matchExpressions:
  - {key: app.kubernetes.io/component, operator: In, values: [{{ join ", " (last .) }}]}
{{- end -}}

{{/* minerva.destination: one of networkPolicy.egress as a rule. */}}
{{- define "minerva.destination" -}}
- to: {{- toYaml .to | nindent 4 }}
  {{- with .ports }}
  ports:
    {{- range . }}
    - {port: {{ .port }}, protocol: {{ .protocol | default "TCP" }}}
    {{- end }}
  {{- end }}
{{- end -}}

{{/* minerva.ownPod: (list $ "postgresql" port) is a destination in the release. */}}
{{- define "minerva.ownPod" -}}
- to:
    - podSelector:
        matchLabels: {{- include "minerva.selector" (list (index . 0) (index . 1)) | nindent 10 }}
  ports:
    - {port: {{ index . 2 }}, protocol: TCP}
{{- end -}}
