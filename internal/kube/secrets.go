package kube

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

const (
	// PlaneLabel is set on a Secret that describes a data plane, with the data
	// plane's name as its value. Its key "kubeconfig" holds a kubeconfig.
	PlaneLabel = annotationPrefix + "data-plane"
	// argoLabel is how Argo CD marks the Secrets that describe its clusters: with
	// the keys name, server and config.
	argoLabel = "argocd.argoproj.io/secret-type"
)

// isPlane reports whether a Secret describes a data plane.
func isPlane(s *corev1.Secret) bool {
	return s.Labels[PlaneLabel] != "" || s.Labels[argoLabel] == "cluster"
}

// planeName is the data plane that a Secret describes.
func planeName(s *corev1.Secret) string {
	if name := s.Labels[PlaneLabel]; name != "" {
		return name
	}
	if name := string(s.Data["name"]); name != "" {
		return name
	}
	return s.Name
}

// connectionOf reads a Secret. Errors do not quote it.
func connectionOf(s *corev1.Secret) (Connection, error) {
	c := Connection{Name: planeName(s), Labels: map[string]string{}}
	for k, v := range s.Labels {
		if !strings.HasPrefix(k, annotationPrefix) && !strings.HasPrefix(k, "argocd.argoproj.io/") {
			c.Labels[k] = v
		}
	}
	var err error
	switch {
	case len(s.Data["kubeconfig"]) > 0:
		c.REST, err = fromKubeconfigData(s.Data["kubeconfig"])
	case len(s.Data["server"]) > 0:
		c.REST, err = fromArgo(s)
	default:
		err = errors.New("it has neither the key kubeconfig nor the key server")
	}
	if err != nil {
		return c, fmt.Errorf("read Secret %s/%s: %w", s.Namespace, s.Name, err)
	}
	return c, nil
}

// argoConfig is what Argo CD keeps under the key config, as far as it needs no
// program of Argo CD's.
type argoConfig struct {
	BearerToken        string    `json:"bearerToken"`
	Username           string    `json:"username"`
	Password           string    `json:"password"`
	AWSAuthConfig      *struct{} `json:"awsAuthConfig"`
	ExecProviderConfig *struct{} `json:"execProviderConfig"`
	TLSClientConfig    struct {
		Insecure   bool   `json:"insecure"`
		ServerName string `json:"serverName"`
		CAData     []byte `json:"caData"`
		CertData   []byte `json:"certData"`
		KeyData    []byte `json:"keyData"`
	} `json:"tlsClientConfig"`
}

func fromArgo(s *corev1.Secret) (*rest.Config, error) {
	var a argoConfig
	if err := json.Unmarshal(s.Data["config"], &a); err != nil {
		return nil, errors.New("the key config is no JSON as Argo CD writes it")
	}
	if a.AWSAuthConfig != nil || a.ExecProviderConfig != nil {
		return nil, errRuns
	}
	return &rest.Config{
		Host: string(s.Data["server"]), BearerToken: a.BearerToken, Username: a.Username, Password: a.Password,
		TLSClientConfig: rest.TLSClientConfig{
			Insecure: a.TLSClientConfig.Insecure, ServerName: a.TLSClientConfig.ServerName,
			CAData: a.TLSClientConfig.CAData, CertData: a.TLSClientConfig.CertData, KeyData: a.TLSClientConfig.KeyData,
		},
	}, nil
}

// fingerprint tells whether what a Secret says has changed.
func fingerprint(s *corev1.Secret) [sha256.Size]byte {
	data, _ := json.Marshal(struct {
		Labels map[string]string
		Data   map[string][]byte
	}{s.Labels, s.Data})
	return sha256.Sum256(data)
}
