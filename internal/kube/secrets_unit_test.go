package kube

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hush stands wherever a Secret has something that nobody else may read.
const hush = "hunter2"

// remote is a kubeconfig with one context, as it is put into a Secret. The fields
// are further ones of its user and its cluster.
func remote(user, cluster string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"c",
"contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
"clusters":[{"name":"c","cluster":{"server":"https://eu.example.com:6443"%s}}],
"users":[{"name":"u","user":{%s}}]}`, cluster, user)
}

func secret(name string, labels map[string]string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "fleet", Name: name, Labels: labels}, Data: map[string][]byte{}}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return s
}

var (
	asPlane = map[string]string{PlaneLabel: "eu-1"}
	asArgo  = map[string]string{argoLabel: "cluster"}
)

func TestWhichSecretsDescribeADataPlane(t *testing.T) {
	for name, c := range map[string]struct {
		secret *corev1.Secret
		is     bool
		called string
	}{
		"one with our label is called by its value":     {secret("s", asPlane, map[string]string{"name": "other"}), true, "eu-1"},
		"one of Argo CD is called by its key name":      {secret("s", asArgo, map[string]string{"name": "eu-2"}), true, "eu-2"},
		"one of Argo CD without that, by its own":       {secret("cluster-eu-3", asArgo, nil), true, "cluster-eu-3"},
		"one of Argo CD with our label, by our label":   {secret("s", map[string]string{PlaneLabel: "eu-4", argoLabel: "cluster"}, map[string]string{"name": "x"}), true, "eu-4"},
		"one that describes a repository to Argo CD":    {secret("s", map[string]string{argoLabel: "repository"}, map[string]string{"name": "x"}), false, "x"},
		"one with an empty label":                       {secret("s", map[string]string{PlaneLabel: ""}, nil), false, "s"},
		"one without labels, whatever it says":          {secret("s", nil, map[string]string{"kubeconfig": remote("", "")}), false, "s"},
		"one whose label only looks like one of Argo's": {secret("s", map[string]string{"argocd.argoproj.io/secret-type-x": "cluster"}, nil), false, "s"},
	} {
		t.Run(name, func(t *testing.T) {
			if is, called := isPlane(c.secret), planeName(c.secret); is != c.is || called != c.called {
				t.Errorf("a data plane: %v, called %q; want %v, %q", is, called, c.is, c.called)
			}
		})
	}
}

func TestASecretWithAKubeconfig(t *testing.T) {
	ca := base64.StdEncoding.EncodeToString([]byte("authority"))
	s := secret("s", map[string]string{PlaneLabel: "eu-1", "region": "eu-west-1", argoLabel: "cluster"}, map[string]string{
		"kubeconfig": remote(`"token":"hunter2"`, `,"certificate-authority-data":"`+ca+`"`),
		"server":     "https://elsewhere.example.com", // the kubeconfig goes before it
	})
	c, err := connectionOf(s)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "eu-1" || c.REST.Host != "https://eu.example.com:6443" || c.REST.BearerToken != hush || string(c.REST.CAData) != "authority" {
		t.Error("the connection is not the one in the kubeconfig")
	}
	if !maps.Equal(c.Labels, map[string]string{"region": "eu-west-1"}) {
		t.Errorf("labels %v; want the Secret's without those that make it one", c.Labels)
	}
}

func TestASecretAsArgoCDWritesIt(t *testing.T) {
	s := secret("s", asArgo, map[string]string{
		"name": "eu-1", "server": "https://eu.example.com:6443",
		"config": `{"bearerToken":"hunter2","username":"ann","password":"pass","tlsClientConfig":
			{"insecure":false,"serverName":"api.eu","caData":"YXV0aG9yaXR5","certData":"Y2VydA==","keyData":"a2V5"}}`,
	})
	c, err := connectionOf(s)
	if err != nil {
		t.Fatal(err)
	}
	r := c.REST
	if c.Name != "eu-1" || r.Host != "https://eu.example.com:6443" || r.BearerToken != hush || r.Username != "ann" || r.Password != "pass" ||
		r.Insecure || r.ServerName != "api.eu" || string(r.CAData) != "authority" || string(r.CertData) != "cert" || string(r.KeyData) != "key" {
		t.Error("the connection is not the one that Argo CD describes")
	}
	empty := secret("s", asArgo, map[string]string{"server": "https://eu.example.com", "config": `{"bearerToken":"hunter2","awsAuthConfig":null,"execProviderConfig":null}`})
	if c, err := connectionOf(empty); err != nil || c.REST.BearerToken != hush {
		t.Errorf("error %v; programs that are null are none", err)
	}
}

// Whoever can write a Secret may not make this process read files of its machine
// or run commands on it, and what is in a Secret is in no error.
func TestASecretThatIsRefusedSaysWhyAndIsNotQuoted(t *testing.T) {
	for name, c := range map[string]struct {
		labels map[string]string
		data   map[string]string
		want   string
	}{
		"nothing in it":                        {asPlane, nil, "neither the key kubeconfig nor the key server"},
		"a key with another name":              {asPlane, map[string]string{"kubeConfig": remote(`"token":"hunter2"`, "")}, "neither the key kubeconfig"},
		"no YAML":                              {asPlane, map[string]string{"kubeconfig": "{hunter2"}, "no kubeconfig"},
		"a token and no more":                  {asPlane, map[string]string{"kubeconfig": hush}, "no kubeconfig"},
		"another kind of object":               {asPlane, map[string]string{"kubeconfig": `{"apiVersion":"v1","kind":"hunter2"}`}, "no kubeconfig"},
		"a token that is no text":              {asPlane, map[string]string{"kubeconfig": remote(`"token":["hunter2"]`, "")}, "no kubeconfig"},
		"a key that is no base64":              {asPlane, map[string]string{"kubeconfig": remote(`"client-key-data":"hunter2!"`, "")}, "no kubeconfig"},
		"no current context":                   {asPlane, map[string]string{"kubeconfig": `{"apiVersion":"v1","kind":"Config","users":[{"name":"u","user":{"token":"hunter2"}}]}`}, "no current context"},
		"a file with a token":                  {asPlane, map[string]string{"kubeconfig": remote(`"tokenFile":"/var/run/hunter2"`, "")}, "names a file"},
		"a file with a certificate":            {asPlane, map[string]string{"kubeconfig": remote(`"client-certificate":"/etc/hunter2"`, "")}, "names a file"},
		"a file with a key":                    {asPlane, map[string]string{"kubeconfig": remote(`"client-key":"/etc/hunter2"`, "")}, "names a file"},
		"a file with an authority":             {asPlane, map[string]string{"kubeconfig": remote("", `,"certificate-authority":"/etc/hunter2"`)}, "names a file"},
		"a command to run":                     {asPlane, map[string]string{"kubeconfig": remote(`"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"sh","args":["-c","hunter2"],"interactiveMode":"Never"}`, "")}, "running a program"},
		"a way to log in that is gone":         {asPlane, map[string]string{"kubeconfig": remote(`"auth-provider":{"name":"oidc","config":{"refresh-token":"hunter2"}}`, "")}, "auth provider"},
		"a proxy that is none, with password":  {asPlane, map[string]string{"kubeconfig": remote("", `,"proxy-url":"ftp://ann:hunter2@proxy.example.com"`)}, "invalid"},
		"a proxy that cannot be read":          {asPlane, map[string]string{"kubeconfig": remote("", `,"proxy-url":"http://ann:hunter2@proxy:port"`)}, "invalid"},
		"two ways to log in at once":           {asPlane, map[string]string{"kubeconfig": remote(`"token":"hunter2","username":"ann","password":"hunter2"`, "")}, "invalid"},
		"a certificate without its key":        {asPlane, map[string]string{"kubeconfig": remote(`"client-certificate-data":"aHVudGVyMg=="`, "")}, "invalid"},
		"no server":                            {asPlane, map[string]string{"kubeconfig": strings.Replace(remote(`"token":"hunter2"`, ""), "https://eu.example.com:6443", "", 1)}, "invalid"},
		"Argo CD: no config":                   {asArgo, map[string]string{"server": "https://hunter2.example.com"}, "key config"},
		"Argo CD: config that is no JSON":      {asArgo, map[string]string{"server": "https://eu.example.com", "config": "bearerToken: hunter2"}, "key config"},
		"Argo CD: a token that is no text":     {asArgo, map[string]string{"server": "https://eu.example.com", "config": `{"bearerToken":{"hunter2":1}}`}, "key config"},
		"Argo CD: data that is no base64":      {asArgo, map[string]string{"server": "https://eu.example.com", "config": `{"tlsClientConfig":{"keyData":"hunter2!"}}`}, "key config"},
		"Argo CD: it logs in to AWS":           {asArgo, map[string]string{"server": "https://eu.example.com", "config": `{"awsAuthConfig":{"clusterName":"hunter2"}}`}, "running a program"},
		"Argo CD: it logs in with a program":   {asArgo, map[string]string{"server": "https://eu.example.com", "config": `{"execProviderConfig":{"command":"hunter2"}}`}, "running a program"},
		"Argo CD: no server, config or labels": {asArgo, map[string]string{"config": `{"bearerToken":"hunter2"}`}, "nor the key server"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := connectionOf(secret("s", c.labels, c.data))
			switch {
			case err == nil:
				t.Fatal("it is taken for a connection")
			case got.REST != nil:
				t.Error("there is a connection beside the error")
			case got.Name == "":
				t.Error("the data plane has lost its name")
			case !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "fleet/s"):
				t.Errorf("error %q; want one that says %q and names the Secret", err, c.want)
			}
			if strings.Contains(err.Error(), hush) {
				t.Errorf("error %q quotes the Secret", err)
			}
		})
	}
}

func TestASecretIsAnotherOnlyWhenWhatItSaysIsAnother(t *testing.T) {
	base := func() *corev1.Secret { return secret("s", asPlane, map[string]string{"kubeconfig": "a"}) }
	was := fingerprint(base())
	for name, c := range map[string]struct {
		change  func(*corev1.Secret)
		another bool
	}{
		"nothing":             {func(*corev1.Secret) {}, false},
		"its version":         {func(s *corev1.Secret) { s.ResourceVersion = "2" }, false},
		"an annotation":       {func(s *corev1.Secret) { s.Annotations = map[string]string{"a": "b"} }, false},
		"a label":             {func(s *corev1.Secret) { s.Labels = map[string]string{PlaneLabel: "eu-1", "region": "x"} }, true},
		"its content":         {func(s *corev1.Secret) { s.Data["kubeconfig"] = []byte("b") }, true},
		"a key that is added": {func(s *corev1.Secret) { s.Data["name"] = []byte("b") }, true},
		"a key that is empty": {func(s *corev1.Secret) { s.Data["kubeconfig"] = nil }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := base()
			c.change(s)
			if another := fingerprint(s) != was; another != c.another {
				t.Errorf("another: %v; want %v", another, c.another)
			}
		})
	}
}

// Whatever stands in a Secret, it becomes a connection or an error, and neither
// runs a command nor reads a file.
func FuzzConnectionOf(f *testing.F) {
	f.Add(remote(`"token":"hunter2"`, ""), "", "")
	f.Add(remote(`"exec":{"apiVersion":"client.authentication.k8s.io/v1","command":"sh"}`, ""), "", "")
	f.Add(remote(`"tokenFile":"/etc/passwd"`, ""), "", "")
	f.Add(remote("", `,"certificate-authority":"/etc/passwd"`), "", "")
	f.Add("", "https://eu.example.com", `{"bearerToken":"hunter2","tlsClientConfig":{"caData":"YQ=="}}`)
	f.Add("", "https://eu.example.com", `{"execProviderConfig":{"command":"sh"}}`)
	f.Add("kind: [", "", "{")
	f.Fuzz(func(t *testing.T, kubeconfig, server, config string) {
		c, err := connectionOf(secret("s", asPlane, map[string]string{"kubeconfig": kubeconfig, "server": server, "config": config}))
		if (err == nil) != (c.REST != nil) {
			t.Fatalf("connection %v, error %v; want one of them", c.REST != nil, err)
		}
		if err != nil {
			return
		}
		if r := c.REST; r.ExecProvider != nil || r.AuthProvider != nil || r.BearerTokenFile != "" || r.CAFile != "" || r.CertFile != "" || r.KeyFile != "" {
			t.Fatal("it names a command or a file of this machine")
		}
	})
}
