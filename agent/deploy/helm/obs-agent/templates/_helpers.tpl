{{- define "obs-agent.fullname" -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- define "obs-agent.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "obs-agent.fullname" .) }}
{{- end }}
{{- define "obs-agent.secretName" -}}
{{ .Values.existingSecret | default (include "obs-agent.fullname" .) }}
{{- end }}
{{- define "obs-agent.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "obs-agent.labels" -}}
{{ include "obs-agent.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
