{{- define "jardem.name" -}}
{{- if contains "jardem" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-jardem" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "jardem.labels" -}}
app.kubernetes.io/name: jardem
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "jardem.selector" -}}
app.kubernetes.io/name: jardem
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "jardem.image" -}}
{{- with .Values.image }}{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}{{ end -}}
{{- end }}

{{- /* A quantity of Kubernetes as a number, to be compared. */ -}}
{{- define "jardem.amount" -}}
{{- $text := toString . }}
{{- $unit := regexFind "[A-Za-z]*$" $text }}
{{- $times := dict "" 1.0 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 }}
{{- mulf (trimSuffix $unit $text | float64) (get $times $unit) }}
{{- end }}

{{- /* What every pod has in common: who it runs as, and where it runs. */ -}}
{{- define "jardem.pod" -}}
automountServiceAccountToken: false
serviceAccountName: {{ include "jardem.name" .root }}{{ with .suffix }}-{{ . }}{{ end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .root.Values.podSecurity.runAsUser }}
  runAsGroup: {{ .root.Values.podSecurity.runAsGroup }}
  fsGroup: {{ .root.Values.podSecurity.fsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- include "jardem.selector" . | nindent 12 }}
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: topology.kubernetes.io/zone
          labelSelector:
            matchLabels: {{- include "jardem.selector" . | nindent 14 }}
{{- end }}

{{- define "jardem.container" -}}
image: {{ include "jardem.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- /* Files that only their owner may read: a mounted secret can not be that, so that it is copied before the start. */ -}}
{{- define "jardem.keys" -}}
- name: keys
  {{- include "jardem.container" . | nindent 2 }}
  command: [/bin/sh, -euc]
  args:
    - |
      umask 077
      for from in /secrets/*; do
        [ -d "$from" ] || continue
        mkdir -p "/keys/$(basename "$from")"
        for file in "$from"/*; do cat "$file" > "/keys/$(basename "$from")/$(basename "$file")"; done
      done
  resources: {requests: {cpu: 10m, memory: 32Mi}, limits: {memory: 64Mi}}
  volumeMounts:
    - {name: keys, mountPath: /keys}
    {{- if .files }}
    - {name: secret, mountPath: /secrets/jardem, readOnly: true}
    {{- end }}
    {{- if and .root.Values.signingKeysSecret .signing }}
    - {name: signing, mountPath: /secrets/signing, readOnly: true}
    {{- end }}
    {{- if .root.Values.kafka.tls }}
    - {name: kafka-tls, mountPath: /secrets/kafka, readOnly: true}
    {{- end }}
    {{- if .root.Values.kafka.saslMechanism }}
    - {name: kafka-sasl, mountPath: /secrets/sasl, readOnly: true}
    {{- end }}
    {{- if .intake }}
    - {name: intake, mountPath: /secrets/intake, readOnly: true}
    {{- end }}
{{- end }}

{{- define "jardem.volumes" -}}
- {name: tmp, emptyDir: {}}
- {name: keys, emptyDir: {medium: Memory, sizeLimit: 8Mi}}
{{- if .only }}
- {name: secret, secret: {secretName: {{ .root.Values.secret }}, items: [{key: {{ .only }}, path: {{ .only }}}{{ if .root.Values.pseudonymsClaim }}, {key: {{ .only }}-previous, path: {{ .only }}-previous}{{ end }}]}}
{{- else if .files }}
- {name: secret, secret: {secretName: {{ .root.Values.secret }}}}
{{- end }}
{{- if and .root.Values.signingKeysSecret .signing }}
- {name: signing, secret: {secretName: {{ .root.Values.signingKeysSecret }}}}
{{- end }}
{{- if .root.Values.kafka.tls }}
- {name: kafka-tls, secret: {secretName: {{ .root.Values.kafka.tlsSecret }}}}
{{- end }}
{{- if .root.Values.kafka.saslMechanism }}
- {name: kafka-sasl, secret: {secretName: {{ include "jardem.sasl" . }}, items: [{key: password, path: password}]}}
{{- end }}
{{- if .intake }}
- {name: intake, secret: {secretName: {{ .root.Values.httpIntake.secret }}}}
{{- end }}
{{- if and .files .root.Values.pseudonymsClaim }}
- {name: pseudonyms, persistentVolumeClaim: {claimName: {{ .root.Values.pseudonymsClaim }}, readOnly: true}}
{{- end }}
{{- range $name, $from := .root.Values.files }}
{{- if $from.secret }}
- {name: files-{{ $name }}, secret: {secretName: {{ $from.secret }}}}
{{- else }}
- {name: files-{{ $name }}, configMap: {name: {{ $from.configMap }}}}
{{- end }}
{{- end }}
{{- end }}

{{- define "jardem.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: keys, mountPath: /keys, readOnly: true}
{{- if and .files .root.Values.pseudonymsClaim }}
- {name: pseudonyms, mountPath: /pseudonyms, readOnly: true}
{{- end }}
{{- range $name, $_ := .root.Values.files }}
- {name: files-{{ $name }}, mountPath: /etc/jardem/{{ $name }}, readOnly: true}
{{- end }}
{{- end }}

{{- /* The secret with the name and the password of a role at the brokers. */ -}}
{{- define "jardem.sasl" -}}
{{- get .root.Values.kafka.saslSecrets .role | required (printf "kafka.saslSecrets.%s is missing" .role) }}
{{- end }}

{{- /* The SASL name of a role, and where the files of secrets are. */ -}}
{{- define "jardem.env" -}}
{{- if .root.Values.kafka.saslMechanism }}
- name: JARDEM_KAFKA_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ include "jardem.sasl" . }}, key: username}}
- {name: JARDEM_KAFKA_SASL_PASSWORD_FILE, value: /keys/sasl/password}
{{- end }}
{{- range $name, $file := .files }}
- {name: {{ $name }}, value: /keys/jardem/{{ $file }}}
{{- end }}
{{- range $name, $file := .intake }}
- {name: {{ $name }}, value: /keys/intake/{{ $file }}}
{{- end }}
{{- if and .files .root.Values.pseudonymsClaim }}
- {name: JARDEM_PSEUDONYM_KEY_PREVIOUS_FILE, value: /keys/jardem/pseudonym-key-previous}
- {name: JARDEM_PSEUDONYMS_IN_USE, value: /pseudonyms/in-use}
{{- end }}
{{- if and .sealed (ne .root.Values.encryption "off") }}
{{- if not (get .root.Values.settings "JARDEM_ENCRYPTION_COMMAND") }}
- {name: JARDEM_ENCRYPTION_KEY_FILE, value: /keys/jardem/master-key}
{{- end }}
- {name: JARDEM_KEYS_DATABASE_FILE, value: /keys/jardem/keys-database}
{{- if .root.Values.masterKeyPrevious }}
- {name: JARDEM_ENCRYPTION_KEY_PREVIOUS_FILE, value: /keys/jardem/master-key-previous}
{{- end }}
{{- end }}
{{- if and .root.Values.signingKeysSecret .signing }}
- {name: JARDEM_SIGNING_KEYS, value: /keys/signing}
{{- end }}
{{- end }}

{{- define "jardem.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}, scheme: {{ .scheme | default "HTTP" }}}
  periodSeconds: 5
  failureThreshold: 24
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}, scheme: {{ .scheme | default "HTTP" }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}, scheme: {{ .scheme | default "HTTP" }}}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{- /* The settings that all processes share. */ -}}
{{- define "jardem.settings" -}}
JARDEM_KAFKA: {{ .Values.kafka.brokers | quote }}
JARDEM_KAFKA_REPLICATION: {{ .Values.kafka.replication | quote }}
JARDEM_INBOX_PARTITIONS: {{ .Values.inboxPartitions | quote }}
JARDEM_KAFKA_TLS: {{ .Values.kafka.tls | quote }}
{{- if .Values.kafka.tls }}
JARDEM_KAFKA_TLS_CA: /keys/kafka/ca.crt
{{- if not .Values.kafka.saslMechanism }}
JARDEM_KAFKA_TLS_CERT: /keys/kafka/tls.crt
JARDEM_KAFKA_TLS_KEY: /keys/kafka/tls.key
{{- end }}
{{- end }}
{{- with .Values.kafka.saslMechanism }}
JARDEM_KAFKA_SASL_MECHANISM: {{ . }}
{{- end }}
JARDEM_ENCRYPTION: {{ .Values.encryption | quote }}
JARDEM_STORE: rocksdb
JARDEM_DATA_DIR: /data
JARDEM_HEALTH_BIND: 0.0.0.0:6066
JARDEM_WEBHOOKS_BIND: 0.0.0.0:8080
JARDEM_CONSOLE_BIND: 0.0.0.0:8090
JARDEM_INTAKE_BIND: 0.0.0.0:8070
{{- range $name, $value := .Values.settings }}
{{- if $value }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What has to be there before the topics are looked at, which is before anything else is installed or changed. */ -}}
{{- define "jardem.beforehand" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}
