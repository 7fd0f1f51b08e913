package kube

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestTheVersionIsReadFromAnImageReference(t *testing.T) {
	for name, c := range map[string]struct {
		image string
		want  fleet.Version
		fails string
	}{
		"a name and a tag":                       {image: "kafka:7.6.1", want: fleet.Version{Tag: "7.6.1"}},
		"a registry with a port":                 {image: "registry.example.com:5000/team/kafka:7.6.1", want: fleet.Version{Tag: "7.6.1"}},
		"a tag that a digest pins":               {image: "example.com/kafka:7.6.1@" + digest, want: fleet.Version{Tag: "7.6.1", Digest: digest}},
		"no tag":                                 {image: "example.com/kafka", fails: "has no tag"},
		"no tag, but a registry with a port":     {image: "example.com:5000/kafka", fails: "has no tag"},
		"a digest alone":                         {image: "example.com/kafka@" + digest, fails: "has no tag"},
		"a digest alone, with a port":            {image: "example.com:5000/kafka@" + digest, fails: "has no tag"},
		"nothing at all":                         {image: "", fails: "has no tag"},
		"an empty tag":                           {image: "kafka:", fails: "the tag is empty"},
		"a tag that no registry takes":           {image: "kafka:7.6.1+build", fails: "cannot have"},
		"a digest that is cut short":             {image: "kafka:7.6.1@sha256:0123", fails: "the digest has 4 characters"},
		"a digest of another algorithm":          {image: "kafka:7.6.1@md5:0123", fails: "does not begin with sha256:"},
		"two tags":                               {image: "kafka:7.6.1:7.6.2", fails: "colon"},
		"a placeholder that nobody has replaced": {image: "kafka:${VERSION}", fails: "character 1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := versionOf(c.image)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || !got.IsZero() {
					t.Fatalf("version %q, error %v; want an error that says %q", got, err, c.fails)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("version %q, error %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestTheImageIsThatOfTheProductsContainer(t *testing.T) {
	pod := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "kafka-init", Image: "init:1"}},
		Containers:     []corev1.Container{{Name: "proxy", Image: "proxy:1"}, {Name: "kafka", Image: "kafka:2"}},
	}}
	if image, ok := imageOf(pod, "kafka"); image != "kafka:2" || !ok {
		t.Errorf("image %q, %v; want that of the container kafka", image, ok)
	}
	for _, other := range []string{"kafka-init", "KAFKA", ""} {
		if image, ok := imageOf(pod, other); image != "" || ok {
			t.Errorf("container %q has image %q; there is no such container", other, image)
		}
	}
}

// What is written is read back as it was, and whatever can be read is a version
// that the image reference ends with.
func FuzzVersionOf(f *testing.F) {
	for _, image := range []string{
		"kafka:7.6.1", "registry.example.com:5000/kafka:7.6.1@" + digest, "example.com:5000/kafka", "kafka@" + digest,
		"kafka:", ":", "@", "/", "a:b:c", "kafka:7.6.1@@" + digest, "kafka:\x00", "kafka:7.6.1/8", strings.Repeat("a", 300),
	} {
		f.Add(image)
	}
	f.Fuzz(func(t *testing.T, image string) {
		v, err := versionOf(image)
		if err != nil {
			if !v.IsZero() {
				t.Fatalf("image %q: version %q although it cannot be read", image, v)
			}
			return
		}
		if v.Tag == "" || !strings.HasSuffix(image, ":"+v.String()) {
			t.Fatalf("image %q: version %q is not what it ends with", image, v)
		}
		name := strings.TrimSuffix(image, ":"+v.String())
		if again, err := versionOf(imageFor(name, v)); err != nil || again != v {
			t.Fatalf("image %q: version %q is read back as %q, %v", image, v, again, err)
		}
	})
}
