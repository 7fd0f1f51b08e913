package kube

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/wavegate-dev/wavegate/reconciler/fleet"
)

// imageOf returns the image of a container of that name.
func imageOf(t *corev1.PodTemplateSpec, container string) (image string, ok bool) {
	for i := range t.Spec.Containers {
		if t.Spec.Containers[i].Name == container {
			return t.Spec.Containers[i].Image, true
		}
	}
	return "", false
}

// versionOf reads the version from an image reference, such as
// registry.example.com:5000/kafka:7.6.1@sha256:...
func versionOf(image string) (fleet.Version, error) {
	name, digest, hasDigest := strings.Cut(image, "@")
	last := name[strings.LastIndex(name, "/")+1:]
	_, tag, hasTag := strings.Cut(last, ":")
	if !hasTag {
		return fleet.Version{}, errors.New("the image " + image + " has no tag, so its version is not known")
	}
	if hasDigest {
		tag += "@" + digest
	}
	v, err := fleet.ParseVersion(tag)
	if err != nil {
		return fleet.Version{}, fmt.Errorf("read version of image %s: %w", image, err)
	}
	return v, nil
}

// imageFor is the reference of a version of an image.
func imageFor(image string, v fleet.Version) string { return image + ":" + v.String() }
