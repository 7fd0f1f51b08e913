{{- define "wavegate.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "wavegate.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "wavegate.labels" -}}
{{ include "wavegate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "wavegate.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "wavegate.name" .) .Values.serviceAccount.name }}{{ else }}{{ required "serviceAccount.name is missing: which one, when none is to be created?" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "wavegate.image" -}}
{{- $i := .Values.image -}}
{{ $i.repository }}{{ if $i.digest }}@{{ $i.digest }}{{ else }}:{{ default .Chart.AppVersion $i.tag }}{{ end }}
{{- end }}

{{- /* The Secrets that are in use: folder -> secret, key and the flag that reads the file. */ -}}
{{- define "wavegate.secrets" -}}
{{- $all := list
  (dict "dir" "git-token" "flag" "token-file" "secret" .Values.git.tokenSecret)
  (dict "dir" "git-ca" "flag" "ca-file" "secret" .Values.git.caSecret)
  (dict "dir" "ssh-key" "flag" "ssh-key" "secret" .Values.git.ssh.keySecret)
  (dict "dir" "known-hosts" "flag" "known-hosts" "secret" .Values.git.ssh.knownHostsSecret)
  (dict "dir" "allowed-signers" "flag" "allowed-signers" "secret" .Values.git.allowedSignersSecret)
  (dict "dir" "github-app" "flag" "github-app-key-file" "secret" .Values.github.app.keySecret)
  (dict "dir" "kubeconfig" "flag" "kubeconfig" "secret" .Values.dataPlanes.kubeconfigSecret)
  (dict "dir" "prometheus-token" "flag" "prometheus-token-file" "secret" .Values.monitors.prometheus.tokenSecret)
  (dict "dir" "prometheus-ca" "flag" "prometheus-ca-file" "secret" .Values.monitors.prometheus.caSecret)
  (dict "dir" "datadog-api-key" "flag" "datadog-api-key-file" "secret" .Values.monitors.datadog.apiKeySecret)
  (dict "dir" "datadog-app-key" "flag" "datadog-app-key-file" "secret" .Values.monitors.datadog.appKeySecret)
  (dict "dir" "webhook-secret" "flag" "webhook-secret-file" "secret" .Values.webhooks.secret)
  (dict "dir" "slack-token" "flag" "slack-token-file" "secret" .Values.slack.tokenSecret)
}}
{{- $used := list }}
{{- range $all }}{{ if .secret.name }}{{ $used = append $used . }}{{ end }}{{ end }}
{{- dict "used" $used | toYaml }}
{{- end }}
