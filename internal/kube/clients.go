package kube

import (
	"fmt"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
)

// clients speak to one API server at one pace. All clients of a data plane share
// their connections, because client-go keeps transports by configuration.
type clients struct {
	kubernetes.Interface
	custom dynamic.Interface
}

func newClients(base *rest.Config, perSecond float32) (clients, error) {
	c := rest.CopyConfig(base)
	c.UserAgent = "wavegate"
	c.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(perSecond, max(1, int(2*perSecond)))
	custom, err := dynamic.NewForConfig(c)
	if err != nil {
		return clients{}, fmt.Errorf("make client for custom resources: %w", err)
	}
	c.ContentType = "application/vnd.kubernetes.protobuf"
	c.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	typed, err := kubernetes.NewForConfig(c)
	if err != nil {
		return clients{}, fmt.Errorf("make client: %w", err)
	}
	return clients{Interface: typed, custom: custom}, nil
}
